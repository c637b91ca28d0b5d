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

  # Each function gets the variables of what it uses, and no more: what it does not know it cannot reach. Held to the code by test/support/function-variables.ts.
  content_tables = merge([for key in ["todos", "records", "archive"] : var.variables.tables[key]]...)
  environment = {
    http = merge(
      merge(values(var.variables.tables)...),
      var.variables.postgres,
      var.variables.counter,
      var.variables.archive,
      var.variables.mail,
      var.variables.log_level,
      var.variables.metrics,
      { JWT_SECRET_ARN = aws_secretsmanager_secret.signing_key.arn },
      local.sign_in.http,
    )
    stream = merge(local.content_tables, var.variables.events, var.variables.log_level, var.variables.metrics)
    outbox = merge(
      local.content_tables,
      var.variables.postgres,
      var.variables.events,
      var.variables.mail,
      var.variables.log_level,
      var.variables.metrics,
      local.sign_in.outbox,
    )
    migrate = merge(
      var.variables.postgres,
      var.variables.log_level,
      local.sign_in.migrate,
    )
  }

  # Those that connect to PostgreSQL with an IAM token, and as whom: only migrate may change what is there, besides the rows.
  database_user = merge(
    { http = var.database.users.application, outbox = var.database.users.application },
    var.database.proxy ? { migrate = var.database.users.owner } : {},
  )
  # Directly, RDS takes tokens only for roles that migrate has made ready, so migrate itself comes with the master's password.
  sign_in = merge(
    { for key, user in local.database_user : key => { RDS_USERNAME = user, RDS_IAM_AUTH = "true" } },
    {
      migrate = var.database.proxy ? {
        RDS_USERNAME        = var.database.users.owner
        RDS_IAM_AUTH        = "true"
        APP_ROLE_SECRET_ARN = var.database.secret_arn
        } : {
        RDS_SECRET_ARN = var.database.secret_arn
        APP_ROLE_NAME  = var.database.users.application
      }
    },
  )

  alias       = "live"
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
  runtime          = var.runtime
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

  # The service's own lines are JSON in any case; so Lambda's are, too. It lets all pass: the service follows LOG_LEVEL itself, and audit
  # lines have to pass at any.
  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function[each.key].name
    application_log_level = "TRACE"
    system_log_level      = "INFO"
  }

  depends_on = [aws_iam_role_policy.function, aws_iam_role_policy.connect]
}

# A code cache is made for one version of the runtime: it changes with a deployment, never beneath it. This is of the code that is not
# published yet. The versions are pinned by npm run deploy: a resource for them would unpin the last one when it goes on to the next, and
# a rollback would find another runtime.
resource "aws_lambda_runtime_management_config" "this" {
  for_each = local.functions

  function_name     = aws_lambda_function.this[each.key].function_name
  update_runtime_on = "FunctionUpdate"
}

# CodeDeploy moves it from version to version, forward and back (modules/release); Terraform only makes it.
resource "aws_lambda_alias" "http" {
  name             = local.alias
  description      = "The version that serves"
  function_name    = aws_lambda_function.this["http"].function_name
  function_version = aws_lambda_function.this["http"].version

  # New code meets a database that is migrated.
  depends_on = [aws_lambda_invocation.migrate, aws_lambda_runtime_management_config.this]

  lifecycle {
    ignore_changes = [function_version, routing_config]
  }
}

# No request waits for these, and what fails is tried again: they change at once.
resource "aws_lambda_alias" "live" {
  for_each = toset(["stream", "outbox", "migrate"])

  name             = local.alias
  description      = "The version that is in use"
  function_name    = aws_lambda_function.this[each.key].function_name
  function_version = aws_lambda_function.this[each.key].version

  depends_on = [aws_lambda_invocation.migrate, aws_lambda_runtime_management_config.this]
}

resource "aws_lambda_provisioned_concurrency_config" "http" {
  count = var.functions.http.provisioned_concurrency > 0 ? 1 : 0

  function_name                     = aws_lambda_function.this["http"].function_name
  qualifier                         = aws_lambda_alias.http.name
  provisioned_concurrent_executions = var.functions.http.provisioned_concurrency
}

# Each deployment of migrate runs it, and each new password of the application's role: with no migration due, it sets that and no more.
resource "aws_lambda_invocation" "migrate" {
  function_name = aws_lambda_function.this["migrate"].function_name
  qualifier     = aws_lambda_function.this["migrate"].version
  input         = jsonencode({})
  triggers = {
    package      = aws_lambda_function.this["migrate"].source_code_hash
    app_password = var.database.password_version
  }

  depends_on = [aws_iam_role_policy.connect]
}

resource "aws_secretsmanager_secret" "signing_key" {
  name                    = local.signing_key
  description             = "Signs the access tokens of ${var.name}"
  recovery_window_in_days = var.secret_recovery_days
}

# 64 letters and digits, more than 256 bits; in no plan and no state, and never typed.
ephemeral "aws_secretsmanager_random_password" "signing_key" {
  # Unknown until the secret stands: the first plan asks AWS for no password.
  password_length     = aws_secretsmanager_secret.signing_key.arn == "" ? 0 : 64
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret_version" "signing_key" {
  secret_id                = aws_secretsmanager_secret.signing_key.id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.signing_key.random_password
  secret_string_wo_version = var.signing_key_version
}
