# How workflows on GitHub come to AWS: with a token of GitHub's that names repository and environment, and no long-lived key.
# https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws

locals {
  issuer       = "token.actions.githubusercontent.com"
  provider_arn = "${local.account}:oidc-provider/${local.issuer}"

  # Who may take which role, by the token's subject.
  subjects = var.repository == null ? {} : {
    # Applies, from an environment, after its approvals.
    deploy = [for environment in var.environments : "repo:${var.repository}:environment:${environment}"]
    # Plans a pull request, whose code is not reviewed yet: the state, and nothing of what runs.
    plan = ["repo:${var.repository}:pull_request"]
    # Compares what runs with main, every night. Reading a secret's version is part of that, so pull requests cannot.
    drift = ["repo:${var.repository}:ref:refs/heads/main"]
  }

  read_state = [
    { Sid = "State", Effect = "Allow", Action = ["s3:GetObject"], Resource = ["${local.state_bucket_arn}/*"] },
    { Sid = "StateBucket", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [local.state_bucket_arn] },
    # A password that a plan has made is thrown away with it. Zones have no resource to name.
    { Sid = "Plan", Effect = "Allow", Action = ["ec2:DescribeAvailabilityZones", "secretsmanager:GetRandomPassword"], Resource = ["*"] },
  ]
  read_environments = [
    {
      Sid    = "Read"
      Effect = "Allow"
      Action = concat(
        ["apigateway:GET"],
        flatten([for service in ["cloudfront", "cloudwatch", "codedeploy", "dynamodb", "ec2", "events", "firehose", "lambda", "logs", "rds", "scheduler", "ses", "sns", "sqs"] : ["${service}:Describe*", "${service}:Get*", "${service}:List*"]]),
        ["budgets:ListTagsForResource", "budgets:ViewBudget", "iam:Get*", "iam:List*", "s3:GetBucket*", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:ListBucket"],
        ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:GetSecretValue"],
      )
      Resource = ["*"]
    },
    {
      Sid      = "NoData"
      Effect   = "Deny"
      Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:GetRecords", "dynamodb:Query", "dynamodb:Scan", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:GetLogRecord", "logs:GetQueryResults", "sqs:ReceiveMessage"]
      Resource = ["*"]
    },
  ]
  policies = { deploy = local.limits, plan = local.read_state, drift = concat(local.read_state, local.read_environments) }
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.repository != null && var.oidc_provider ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "github" {
  for_each = local.subjects

  name                 = "duet-github-${each.key}"
  description          = "Taken by the workflows of ${var.repository}"
  permissions_boundary = aws_iam_policy.boundary.arn
  max_session_duration = 7200
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = local.provider_arn }
      Condition = {
        StringEquals = {
          "${local.issuer}:aud" = "sts.amazonaws.com"
          "${local.issuer}:sub" = each.value
        }
      }
    }]
  })

  depends_on = [aws_iam_openid_connect_provider.github]
}

resource "aws_iam_role_policy" "github" {
  for_each = local.subjects

  name   = each.key
  role   = aws_iam_role.github[each.key].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.policies[each.key] })
}
