terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

locals {
  bus_name = "${var.name}-events"
  bus_arn  = "arn:${var.arn_scope.partition}:events:${var.arn_scope.region}:${var.arn_scope.account_id}:event-bus/${local.bus_name}"

  webhooks = var.webhook == null ? {} : { record-created = var.webhook }

  queue_name = "${var.name}-undelivered-events"
  queue_arn  = "arn:${var.arn_scope.partition}:sqs:${var.arn_scope.region}:${var.arn_scope.account_id}:${local.queue_name}"

  rule_names = concat([for key, _ in local.webhooks : "${var.name}-${key}"], [for key, _ in var.subscribers : "${var.name}-${key}"])
}

resource "aws_cloudwatch_event_bus" "main" {
  name = local.bus_name
}

resource "aws_cloudwatch_event_archive" "main" {
  name             = local.bus_name
  description      = "Every event of ${var.name}, for a replay"
  event_source_arn = aws_cloudwatch_event_bus.main.arn
  retention_days   = var.archive_days
  event_pattern    = jsonencode({ source = ["duet"] })
}

# What no target took, from all rules.
resource "aws_sqs_queue" "undelivered" {
  name                      = local.queue_name
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_policy" "undelivered" {
  count = length(local.rule_names) > 0 ? 1 : 0

  queue_url = aws_sqs_queue.undelivered.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Rules"
      Effect    = "Allow"
      Action    = "sqs:SendMessage"
      Principal = { Service = "events.amazonaws.com" }
      Resource  = local.queue_arn
      Condition = {
        ArnEquals = {
          "aws:SourceArn" = [for rule in local.rule_names : "arn:${var.arn_scope.partition}:events:${var.arn_scope.region}:${var.arn_scope.account_id}:rule/${local.bus_name}/${rule}"]
        }
      }
    }]
  })
}

resource "aws_cloudwatch_event_connection" "webhook" {
  for_each = local.webhooks

  name               = "${var.name}-${each.key}"
  description        = "How ${var.name} authenticates to the receiver of ${each.key}"
  authorization_type = "API_KEY"

  auth_parameters {
    api_key {
      key   = each.value.api_key_header
      value = var.webhook_api_key
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "webhook" {
  for_each = local.webhooks

  name                             = "${var.name}-${each.key}"
  description                      = "Receiver of ${each.key}"
  invocation_endpoint              = each.value.url
  http_method                      = "POST"
  invocation_rate_limit_per_second = each.value.requests_a_second
  connection_arn                   = aws_cloudwatch_event_connection.webhook[each.key].arn
}

module "webhook_role" {
  source   = "../service-role"
  for_each = local.webhooks

  name                 = "${var.name}-${each.key}-rule"
  service              = "events.amazonaws.com"
  account_id           = var.arn_scope.account_id
  permissions_boundary = var.permissions_boundary
  allowed = {
    # EventBridge appends an id to the name.
    Destination = {
      actions   = ["events:InvokeApiDestination"]
      resources = ["arn:${var.arn_scope.partition}:events:${var.arn_scope.region}:${var.arn_scope.account_id}:api-destination/${var.name}-${each.key}/*"]
    }
  }
}

resource "aws_cloudwatch_event_rule" "webhook" {
  for_each = local.webhooks

  name           = "${var.name}-${each.key}"
  description    = "Forwards record.created, the POST of a record"
  event_bus_name = aws_cloudwatch_event_bus.main.name
  event_pattern  = jsonencode({ source = ["duet"], detail-type = ["record.created"] })
}

resource "aws_cloudwatch_event_target" "webhook" {
  for_each = local.webhooks

  rule           = aws_cloudwatch_event_rule.webhook[each.key].name
  event_bus_name = aws_cloudwatch_event_bus.main.name
  target_id      = "webhook"
  arn            = aws_cloudwatch_event_api_destination.webhook[each.key].arn
  role_arn       = module.webhook_role[each.key].arn

  # What the receiver gets, whatever EventBridge's envelope looks like; `id` is stable over redeliveries.
  input_transformer {
    input_paths = {
      event      = "$.detail-type"
      id         = "$.detail.metadata.id"
      occurredAt = "$.detail.metadata.occurredAt"
      record     = "$.detail.data"
    }
    input_template = "{\"id\": <id>, \"event\": <event>, \"occurredAt\": <occurredAt>, \"record\": <record>}"
  }

  retry_policy {
    maximum_retry_attempts       = each.value.retry_attempts
    maximum_event_age_in_seconds = each.value.retry_within_seconds
  }

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  depends_on = [aws_sqs_queue_policy.undelivered]
}

resource "aws_cloudwatch_event_rule" "subscriber" {
  for_each = var.subscribers

  name           = "${var.name}-${each.key}"
  description    = "Forwards ${join(", ", each.value.detail_types)}"
  event_bus_name = aws_cloudwatch_event_bus.main.name
  event_pattern  = jsonencode({ source = ["duet"], detail-type = each.value.detail_types })
}

resource "aws_cloudwatch_event_target" "subscriber" {
  for_each = var.subscribers

  rule           = aws_cloudwatch_event_rule.subscriber[each.key].name
  event_bus_name = aws_cloudwatch_event_bus.main.name
  target_id      = each.key
  arn            = each.value.target_arn
  role_arn       = each.value.role_arn

  retry_policy {
    maximum_retry_attempts       = 185
    maximum_event_age_in_seconds = 86400
  }

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  depends_on = [aws_sqs_queue_policy.undelivered]
}
