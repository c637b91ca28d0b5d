# A role that one service of AWS takes on our behalf, with all that it may do there. Its ARN is known to others once that is granted: AWS refuses
# some roles without it, and the first use of others would fail.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

resource "aws_iam_role" "this" {
  name                 = var.name
  permissions_boundary = var.permissions_boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = var.service }
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "service"
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for sid, allowed in var.allowed : { Sid = sid, Effect = "Allow", Action = allowed.actions, Resource = allowed.resources }]
  })
}
