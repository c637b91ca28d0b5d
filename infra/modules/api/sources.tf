resource "aws_sqs_queue" "failures" {
  for_each = local.queue_names

  name                      = each.value
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_lambda_event_source_mapping" "stream" {
  for_each = toset(local.streams)

  event_source_arn  = var.tables.stream_arns[each.key]
  function_name     = aws_lambda_alias.live["stream"].arn
  starting_position = "TRIM_HORIZON"
  batch_size        = 100

  function_response_types        = ["ReportBatchItemFailures"]
  bisect_batch_on_function_error = true
  # An outage of the bus is waited out for six hours. Past that the queue says which records of the stream are missing, and
  # eighteen hours remain to read them there.
  maximum_record_age_in_seconds = 21600
  maximum_retry_attempts        = 1000

  # The user's aggregate and the idempotency items tell of no event.
  dynamic "filter_criteria" {
    for_each = each.key == "todos" ? [1] : []
    content {
      filter {
        pattern = jsonencode({ dynamodb = { Keys = { itemKey = { S = [{ prefix = "TODO#" }] } } } })
      }
    }
  }

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.failures["stream-failures"].arn
    }
  }
}

module "schedule_role" {
  source = "../service-role"

  name                 = "${var.name}-outbox-schedule"
  service              = "scheduler.amazonaws.com"
  account_id           = var.arn_scope.account_id
  permissions_boundary = var.permissions_boundary
  allowed = {
    Outbox   = { actions = ["lambda:InvokeFunction"], resources = ["${local.function_arn.outbox}:${local.alias}"] }
    Failures = { actions = ["sqs:SendMessage"], resources = [local.queue_arn["outbox-failures"]] }
  }
}

resource "aws_scheduler_schedule" "outbox" {
  name                = "${var.name}-outbox"
  description         = "Works off the outbox every minute"
  schedule_expression = "rate(1 minute)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_alias.live["outbox"].arn
    role_arn = module.schedule_role.arn

    # The next run comes in a minute, and does what this one could not.
    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 60
    }

    dead_letter_config {
      arn = aws_sqs_queue.failures["outbox-failures"].arn
    }
  }
}

resource "aws_lambda_function_event_invoke_config" "outbox" {
  function_name                = aws_lambda_function.this["outbox"].function_name
  qualifier                    = aws_lambda_alias.live["outbox"].name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 60

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failures["outbox-failures"].arn
    }
  }
}
