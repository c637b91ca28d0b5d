# What the pipeline may do, and the most that any role may do that it makes: the pipeline's own limits. A role made by the pipeline so has
# no more power than the pipeline, and the pipeline cannot widen either.

locals {
  account          = "arn:${var.partition}:iam::${var.account_id}"
  boundary_arn     = "${local.account}:policy/${local.boundary_name}"
  boundary_name    = "duet-boundary"
  state_bucket     = "duet-state-${var.account_id}-${var.region}"
  state_bucket_arn = "arn:${var.partition}:s3:::${local.state_bucket}"
  buckets          = "arn:${var.partition}:s3:::duet-*"
  roles            = "${local.account}:role/duet-*"

  # What an environment is made of. EC2 stands for its network and API Gateway for its API: their resources have no names of ours.
  services = [
    "apigateway", "cloudwatch", "codedeploy", "dynamodb", "ec2", "events", "firehose", "lambda", "logs", "rds", "scheduler",
    "secretsmanager", "ses", "sns", "sqs", "xray",
  ]

  limits = [
    {
      Sid       = "Services"
      Effect    = "Allow"
      Action    = [for service in local.services : "${service}:*"]
      Resource  = ["*"]
      Condition = { StringEquals = { "aws:RequestedRegion" = [var.region] } }
    },
    # Distributions are of no region.
    { Sid = "App", Effect = "Allow", Action = ["cloudfront:*"], Resource = ["*"] },
    # Its request has no region.
    { Sid = "Connect", Effect = "Allow", Action = ["rds-db:connect"], Resource = ["*"] },
    { Sid = "Buckets", Effect = "Allow", Action = ["s3:*"], Resource = [local.buckets, "${local.buckets}/*"] },
    {
      Sid    = "Account"
      Effect = "Allow"
      Action = [
        "acm:DescribeCertificate", "budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource", "budgets:ViewBudget", "budgets:ListTagsForResource",
        "kms:DescribeKey", "sts:GetCallerIdentity", "tag:GetResources",
      ]
      Resource = ["*"]
    },
    {
      Sid    = "ReadRoles"
      Effect = "Allow"
      Action = [
        "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole",
        "iam:ListRolePolicies", "iam:ListRoleTags",
      ]
      Resource = [local.roles, local.boundary_arn]
    },
    {
      Sid       = "BoundedRoles"
      Effect    = "Allow"
      Action    = ["iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
      Resource  = [local.roles]
      Condition = { StringEquals = { "iam:PermissionsBoundary" = local.boundary_arn } }
    },
    {
      Sid      = "Roles"
      Effect   = "Allow"
      Action   = ["iam:DeleteRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription"]
      Resource = [local.roles]
    },
    {
      Sid      = "PassRoles"
      Effect   = "Allow"
      Action   = ["iam:PassRole"]
      Resource = [local.roles]
      Condition = {
        StringEquals = {
          "iam:PassedToService" = [
            "codedeploy.amazonaws.com", "events.amazonaws.com", "firehose.amazonaws.com", "lambda.amazonaws.com", "logs.amazonaws.com", "rds.amazonaws.com",
            "scheduler.amazonaws.com", "vpc-flow-logs.amazonaws.com",
          ]
        }
      }
    },
    {
      # Made by AWS on first use, with AWS's own policy.
      Sid       = "ServiceLinkedRoles"
      Effect    = "Allow"
      Action    = ["iam:CreateServiceLinkedRole"]
      Resource  = ["${local.account}:role/aws-service-role/*"]
      Condition = { StringEquals = { "iam:AWSServiceName" = ["ops.apigateway.amazonaws.com", "rds.amazonaws.com"] } }
    },
    {
      Sid      = "NotThePipelineItself"
      Effect   = "Deny"
      Action   = ["iam:Create*", "iam:Delete*", "iam:Put*", "iam:Attach*", "iam:Detach*", "iam:Set*", "iam:Tag*", "iam:Untag*", "iam:Update*"]
      Resource = ["${local.account}:role/duet-github-*", local.boundary_arn]
    },
    { Sid = "NotTheStateBucket", Effect = "Deny", Action = ["s3:DeleteBucket*", "s3:PutBucket*", "s3:DeleteObjectVersion", "s3:PutLifecycle*"], Resource = [local.state_bucket_arn, "${local.state_bucket_arn}/*"] },
  ]
}

resource "aws_iam_policy" "boundary" {
  name        = local.boundary_name
  description = "The most that Duet's pipeline, and any role that it makes, may do"
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.limits })
}
