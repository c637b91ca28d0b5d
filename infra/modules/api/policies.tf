# What each function may do. Resources are composed from names, so that every line is known when planning; see test/infra.
#
# A transaction is authorised by what its elements do (PutItem, UpdateItem, DeleteItem, ConditionCheckItem), a batch by its own action:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html

locals {
  arn_prefix = {
    for service in ["dynamodb", "logs", "sqs", "lambda", "secretsmanager", "scheduler"] :
    service => "arn:${var.arn_scope.partition}:${service}:${var.arn_scope.region}:${var.arn_scope.account_id}"
  }
  table_arn     = { for key, name in var.tables.names : key => "${local.arn_prefix.dynamodb}:table/${name}" }
  todo_indexes  = [for index in var.tables.indexes.todos : "${local.table_arn.todos}/index/${index}"]
  function_arn  = { for key, _ in local.functions : key => "${local.arn_prefix.lambda}:function:${var.name}-${key}" }
  queue_arn     = { for key, name in local.queue_names : key => "${local.arn_prefix.sqs}:${name}" }
  signing_key   = "${var.name}-signing-key"
  streams       = ["todos", "records"]
  stream_tables = [for key in local.streams : "${local.table_arn[key]}/stream/*"]

  # What the code calls.
  calls = {
    http = [
      {
        sid       = "Todos"
        actions   = ["GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "ConditionCheckItem", "BatchWriteItem"]
        resources = [local.table_arn.todos]
      },
      { sid = "TodoIndexes", actions = ["Query"], resources = local.todo_indexes },
      { sid = "Archive", actions = ["BatchGetItem", "Query", "DeleteItem", "BatchWriteItem"], resources = [local.table_arn.archive] },
      { sid = "Counters", actions = ["BatchGetItem", "PutItem", "UpdateItem"], resources = [local.table_arn.counters] },
      { sid = "Records", actions = ["GetItem", "Scan", "PutItem", "UpdateItem", "DeleteItem"], resources = [local.table_arn.records] },
      { sid = "RateLimits", actions = ["GetItem", "UpdateItem"], resources = [local.table_arn.rateLimits] },
    ]
    stream = [
      { sid = "Todos", actions = ["BatchGetItem", "PutItem", "UpdateItem"], resources = [local.table_arn.todos] },
      { sid = "Archive", actions = ["BatchGetItem", "PutItem"], resources = [local.table_arn.archive] },
    ]
    outbox = [
      { sid = "Todos", actions = ["Query", "UpdateItem", "BatchWriteItem"], resources = [local.table_arn.todos] },
      { sid = "Archive", actions = ["Query", "BatchWriteItem"], resources = [local.table_arn.archive] },
      { sid = "Records", actions = ["DeleteItem"], resources = [local.table_arn.records] },
    ]
    migrate = []
  }
  publishing = ["stream", "outbox"]
  # AWS appends a dash and six characters to a secret's name.
  secret_arn_pattern = {
    for key, name in { signing_key = local.signing_key, app_role = var.database.secret_name } :
    key => "${local.arn_prefix.secretsmanager}:secret:${name}-??????"
  }

  # The password of the application's role, by a pattern known when planning; without a proxy the master's, whose name is RDS's own.
  password_secret = var.database.proxy ? local.secret_arn_pattern.app_role : var.database.secret_arn

  # What the Lambda service does in the function's name.
  service_calls = {
    for key, _ in local.functions : key => [
      {
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${local.arn_prefix.logs}:log-group:/aws/lambda/${var.name}-${key}:*"]
      },
      {
        Sid    = "Traces"
        Effect = "Allow"
        Action = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        # X-Ray has no resources to name.
        Resource = ["*"]
      },
      {
        Sid    = "NetworkInterfaces"
        Effect = "Allow"
        Action = [
          "ec2:AssignPrivateIpAddresses",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
          "ec2:UnassignPrivateIpAddresses",
        ]
        # Lambda wants them on all: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
        Resource = ["*"]
      },
      {
        # They are for the service alone: the same page's advice.
        Sid    = "NetworkInterfacesNotFromCode"
        Effect = "Deny"
        Action = [
          "ec2:AssignPrivateIpAddresses",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
          "ec2:UnassignPrivateIpAddresses",
        ]
        Resource  = ["*"]
        Condition = { ArnEquals = { "lambda:SourceFunctionArn" = [local.function_arn[key]] } }
      },
    ]
  }
  stream_source = [
    {
      Sid      = "Streams"
      Effect   = "Allow"
      Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
      Resource = local.stream_tables
    },
  ]

  statements = {
    for key, _ in local.functions : key => concat(
      [
        for call in local.calls[key] :
        { Sid = call.sid, Effect = "Allow", Action = [for action in call.actions : "dynamodb:${action}"], Resource = call.resources }
      ],
      contains(local.publishing, key) ? [{ Sid = "Events", Effect = "Allow", Action = ["events:PutEvents"], Resource = [var.bus_arn] }] : [],
      # SES checks a message that comes whole, as ours do, for the second action: https://github.com/nodemailer/nodemailer/issues/1734
      key == "outbox" && length(var.mail_sending_arns) > 0 ? [{ Sid = "Mail", Effect = "Allow", Action = ["ses:SendEmail", "ses:SendRawEmail"], Resource = var.mail_sending_arns }] : [],
      key == "http" ? [{ Sid = "SigningKey", Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = [local.secret_arn_pattern.signing_key] }] : [],
      key == "migrate" ? [{ Sid = "Password", Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = [local.password_secret] }] : [],
      contains(keys(local.queue_of), key) ? [{ Sid = "Failures", Effect = "Allow", Action = ["sqs:SendMessage"], Resource = [local.queue_arn[local.queue_of[key]]] }] : [],
      key == "stream" ? local.stream_source : [],
      local.service_calls[key],
    )
  }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name                 = "${var.name}-${each.key}"
  permissions_boundary = var.permissions_boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name   = "function"
  role   = aws_iam_role.function[each.key].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements[each.key] })
}

# By itself, because the proxy's id is not known before it is made: all else stays known when planning, the user by the policy's name.
resource "aws_iam_role_policy" "connect" {
  for_each = local.database_user

  name = "connect-as-${each.value}"
  role = aws_iam_role.function[each.key].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "Postgres", Effect = "Allow", Action = ["rds-db:connect"], Resource = [var.database.connect_arns[each.value]] }]
  })
}
