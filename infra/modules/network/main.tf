terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

locals {
  # What the functions call besides DynamoDB (a gateway endpoint, free) and PostgreSQL (inside the VPC): the signing key and the bus.
  # IAM tokens for PostgreSQL are signed locally, and Lambda delivers logs and traces from outside the VPC.
  # SES has one endpoint for its API and another for SMTP (email-smtp), which has no use for the functions' roles.
  interface_services = toset(concat(["secretsmanager", "events"], length(var.mail_sending_arns) > 0 ? ["email"] : []))

  # The names are the region's, so that a plan without an account names them itself.
  availability_zones = slice(var.availability_zones != null ? var.availability_zones : data.aws_availability_zones.region[0].names, 0, var.zones)

  # Whatever credentials come through an endpoint, they reach what is this environment's and nothing else.
  endpoint_actions = {
    dynamodb = { actions = ["dynamodb:*"], resources = ["arn:${var.arn_scope.partition}:dynamodb:${var.arn_scope.region}:${var.arn_scope.account_id}:table/${var.name}-*"] }
    secretsmanager = { actions = ["secretsmanager:GetSecretValue"], resources = [
      for secret in var.proxy ? ["${var.name}-*"] : ["${var.name}-*", "rds!*"] : "arn:${var.arn_scope.partition}:secretsmanager:${var.arn_scope.region}:${var.arn_scope.account_id}:secret:${secret}"
    ] }
    email  = { actions = ["ses:SendEmail", "ses:SendRawEmail"], resources = var.mail_sending_arns }
    events = { actions = ["events:PutEvents"], resources = ["arn:${var.arn_scope.partition}:events:${var.arn_scope.region}:${var.arn_scope.account_id}:event-bus/${var.name}-events"] }
  }
  endpoint_policies = {
    for service, allowed in local.endpoint_actions : service => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid       = "Environment"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = allowed.actions
        Resource  = allowed.resources
        Condition = { StringEquals = { "aws:PrincipalAccount" = var.arn_scope.account_id } }
      }]
    })
  }
}

data "aws_availability_zones" "region" {
  count = var.availability_zones == null ? 1 : 0

  state = "available"

  # No local zones: RDS and Lambda are not there.
  filter {
    name   = "zone-type"
    values = ["availability-zone"]
  }
}

resource "aws_vpc" "main" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = "${var.name}-vpc" }
}

# Whatever is put into the VPC without a security group of its own reaches nothing.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.main.id
  tags   = { Name = "${var.name}-default-closed" }
}

resource "aws_subnet" "private" {
  count = var.zones

  vpc_id                  = aws_vpc.main.id
  availability_zone       = local.availability_zones[count.index]
  cidr_block              = cidrsubnet(var.cidr, 4, count.index)
  map_public_ip_on_launch = false
  tags                    = { Name = "${var.name}-private-${local.availability_zones[count.index]}" }
}

# No internet gateway and no NAT: there is no route out but the endpoints.
resource "aws_route_table" "private" {
  vpc_id = aws_vpc.main.id
  tags   = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  count = var.zones

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id
}

resource "aws_vpc_endpoint" "dynamodb" {
  vpc_id            = aws_vpc.main.id
  service_name      = "com.amazonaws.${var.arn_scope.region}.dynamodb"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]
  policy            = local.endpoint_policies.dynamodb
  tags              = { Name = "${var.name}-dynamodb" }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interface_services

  vpc_id              = aws_vpc.main.id
  service_name        = "com.amazonaws.${var.arn_scope.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = slice(aws_subnet.private[*].id, 0, min(var.endpoint_zones, var.zones))
  security_group_ids  = [aws_security_group.endpoints.id]
  private_dns_enabled = true
  policy              = local.endpoint_policies[each.key]
  tags                = { Name = "${var.name}-${each.key}" }
}

resource "aws_security_group" "functions" {
  name        = "${var.name}-functions"
  description = "Lambda functions: reach the proxy, the endpoints and DynamoDB; nothing reaches them"
  vpc_id      = aws_vpc.main.id
  tags        = { Name = "${var.name}-functions" }
}

resource "aws_security_group" "proxy" {
  count = var.proxy ? 1 : 0

  name        = "${var.name}-proxy"
  description = "RDS Proxy: reached by the functions, reaches the database"
  vpc_id      = aws_vpc.main.id
  tags        = { Name = "${var.name}-proxy" }
}

resource "aws_security_group" "database" {
  name        = "${var.name}-database"
  description = "PostgreSQL: reached by the proxy, or by the functions where there is none"
  vpc_id      = aws_vpc.main.id
  tags        = { Name = "${var.name}-database" }
}

resource "aws_security_group" "endpoints" {
  name        = "${var.name}-endpoints"
  description = "Interface endpoints: reached by the functions"
  vpc_id      = aws_vpc.main.id
  tags        = { Name = "${var.name}-endpoints" }
}

locals {
  # Each connection is allowed at both its ends.
  connections = merge(
    { functions-to-endpoints = { from = aws_security_group.functions.id, to = aws_security_group.endpoints.id, port = 443 } },
    var.proxy ? {
      functions-to-proxy = { from = aws_security_group.functions.id, to = aws_security_group.proxy[0].id, port = 5432 }
      proxy-to-database  = { from = aws_security_group.proxy[0].id, to = aws_security_group.database.id, port = 5432 }
      } : {
      functions-to-database = { from = aws_security_group.functions.id, to = aws_security_group.database.id, port = 5432 }
    },
  )
}

resource "aws_vpc_security_group_egress_rule" "between" {
  for_each = local.connections

  security_group_id            = each.value.from
  referenced_security_group_id = each.value.to
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.key
}

resource "aws_vpc_security_group_ingress_rule" "between" {
  for_each = local.connections

  security_group_id            = each.value.to
  referenced_security_group_id = each.value.from
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.key
}

resource "aws_vpc_security_group_egress_rule" "dynamodb" {
  security_group_id = aws_security_group.functions.id
  prefix_list_id    = aws_vpc_endpoint.dynamodb.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "functions-to-dynamodb"
}

resource "aws_cloudwatch_log_group" "flow" {
  count = var.flow_logs ? 1 : 0

  name              = "/aws/vpc/${var.name}-flow"
  retention_in_days = var.log_retention_days
}

module "flow_role" {
  source = "../service-role"
  count  = var.flow_logs ? 1 : 0

  name                 = "${var.name}-flow-logs"
  service              = "vpc-flow-logs.amazonaws.com"
  account_id           = var.arn_scope.account_id
  permissions_boundary = var.permissions_boundary
  allowed = {
    FlowLogs = {
      actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      resources = ["arn:${var.arn_scope.partition}:logs:${var.arn_scope.region}:${var.arn_scope.account_id}:log-group:/aws/vpc/${var.name}-flow:*"]
    }
  }
}

resource "aws_flow_log" "vpc" {
  count = var.flow_logs ? 1 : 0

  vpc_id               = aws_vpc.main.id
  traffic_type         = "ALL"
  log_destination_type = "cloud-watch-logs"
  log_destination      = aws_cloudwatch_log_group.flow[0].arn
  iam_role_arn         = module.flow_role[0].arn
  tags                 = { Name = "${var.name}-flow" }
}
