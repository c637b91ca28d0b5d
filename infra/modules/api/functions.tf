terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

locals {
  functions = {
    # API Gateway waits 30 s; every answer is promised within far less, so what takes ten is stuck.
    http = { memory_mb = var.functions.http.memory_mb, timeout_seconds = 10, reserved_concurrency = var.functions.http.reserved_concurrency }
    # Two tries of a call to the bus take 4 s: room for a batch of 100, ten at a time.
    stream = { memory_mb = var.functions.stream.memory_mb, timeout_seconds = 60, reserved_concurrency = -1 }
    # Its schedule is a minute, and it ends itself 12 s before its time does.
    outbox = { memory_mb = var.functions.outbox.memory_mb, timeout_seconds = 60, reserved_concurrency = -1 }
    # Lambda's longest: it may wait eight minutes for a proxy that is new.
    migrate = { memory_mb = var.functions.migrate.memory_mb, timeout_seconds = 900, reserved_concurrency = -1 }
  }

  # Each function is told what it uses, and no more: what it does not know it cannot reach. Held to the code by test/support/function-variables.ts.
  # No NODE_EXTRA_CA_CERTS: all connect through the proxy, whose certificate Node's own list knows, and reading RDS's takes time at each start.
  content_tables = merge([for key in ["todos", "records", "archive"] : var.variables.tables[key]]...)
  environment = {
    http = merge(
      merge(values(var.variables.tables)...),
      var.variables.postgres,
      var.variables.counter,
      var.variables.archive,
      var.variables.log_level,
      var.variables.metrics,
      { JWT_SECRET_ARN = aws_secretsmanager_secret.signing_key.arn, RDS_USERNAME = local.database_user.http },
    )
    stream = merge(local.content_tables, var.variables.events, var.variables.log_level, var.variables.metrics)
    outbox = merge(
      local.content_tables,
      var.variables.postgres,
      var.variables.events,
      var.variables.log_level,
      var.variables.metrics,
      { RDS_USERNAME = local.database_user.outbox },
    )
    migrate = merge(
      var.variables.postgres,
      var.variables.log_level,
      { RDS_USERNAME = local.database_user.migrate, APP_ROLE_SECRET_ARN = var.database.app_secret.arn },
    )
  }

  # Those that connect to PostgreSQL, and as whom: only migrate may change what is there, besides the rows.
  database_user = { http = var.database.users.application, outbox = var.database.users.application, migrate = var.database.users.owner }

  queue_of    = { stream = "stream-failures", outbox = "outbox-failures" }
  queue_names = { for queue in values(local.queue_of) : queue => "${var.name}-${queue}" }
}

# Lambda would make these groups itself, and keep them for ever.
resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "this" {
  for_each = local.functions

  function_name    = "${var.name}-${each.key}"
  role             = aws_iam_role.function[each.key].arn
  runtime          = "nodejs22.x"
  architectures    = [var.architecture]
  handler          = "index.handler"
  filename         = "${var.package_dir}/${each.key}.zip"
  source_code_hash = filebase64sha256("${var.package_dir}/${each.key}.zip")
  publish          = true

  memory_size                    = each.value.memory_mb
  timeout                        = each.value.timeout_seconds
  reserved_concurrent_executions = each.value.reserved_concurrency

  environment {
    variables = local.environment[each.key]
  }

  vpc_config {
    subnet_ids         = var.network.subnet_ids
    security_group_ids = [var.network.security_group_id]
  }

  tracing_config {
    mode = "Active"
  }

  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.function, aws_iam_role_policy.connect]
}

# A code cache is made for one version of the runtime: it changes with a deployment, never beneath it.
resource "aws_lambda_runtime_management_config" "this" {
  for_each = local.functions

  function_name     = aws_lambda_function.this[each.key].function_name
  update_runtime_on = "FunctionUpdate"
}

# Without a qualifier it speaks of the code that is not published yet; this is for the version that serves, an earlier one included.
resource "aws_lambda_runtime_management_config" "live" {
  for_each = local.functions

  function_name     = aws_lambda_function.this[each.key].function_name
  qualifier         = aws_lambda_alias.live[each.key].function_version
  update_runtime_on = "FunctionUpdate"
}

resource "aws_lambda_alias" "live" {
  for_each = local.functions

  name             = "live"
  description      = "The version that is in use"
  function_name    = aws_lambda_function.this[each.key].function_name
  function_version = each.key == "http" && var.http_version != null ? var.http_version : aws_lambda_function.this[each.key].version

  # New code meets a database that is migrated: aws_lambda_invocation.migrate calls its version, not its alias.
  depends_on = [aws_lambda_invocation.migrate, aws_lambda_runtime_management_config.this]
}

resource "aws_lambda_provisioned_concurrency_config" "http" {
  count = var.functions.http.provisioned_concurrency > 0 ? 1 : 0

  function_name                     = aws_lambda_function.this["http"].function_name
  qualifier                         = aws_lambda_alias.live["http"].name
  provisioned_concurrent_executions = var.functions.http.provisioned_concurrency
}

# Each deployment of migrate runs it, and each new password of the application's role: with no migration due, it sets that and no more.
resource "aws_lambda_invocation" "migrate" {
  function_name = aws_lambda_function.this["migrate"].function_name
  qualifier     = aws_lambda_function.this["migrate"].version
  input         = jsonencode({})
  triggers = {
    package      = aws_lambda_function.this["migrate"].source_code_hash
    app_password = var.database.app_secret.version
  }

  depends_on = [aws_iam_role_policy.connect]
}

resource "aws_secretsmanager_secret" "signing_key" {
  name                    = local.signing_key
  description             = "Signs the access tokens of ${var.name}"
  recovery_window_in_days = var.secret_recovery_days
}

resource "aws_secretsmanager_secret_version" "signing_key" {
  secret_id                = aws_secretsmanager_secret.signing_key.id
  secret_string_wo         = var.signing_key
  secret_string_wo_version = var.signing_key_version
}
