terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

locals {
  topic_name = "${var.name}-alarms"
  topic_arn  = "arn:${var.arn_scope.partition}:sns:${var.arn_scope.region}:${var.arn_scope.account_id}:${local.topic_name}"

  # The namespace and dimension of the service's own metrics: METRICS_NAMESPACE and src/platform/observability/metrics.ts.
  service_metrics = { namespace = var.name, dimensions = { service = "duet" } }

  minute = 60

  # Every alarm on a single metric. `missing` says what silence means: most of these are only sent when something happened.
  metric_alarms = merge(
    {
      "http-latency" = {
        what      = "The slowest hundredth of requests is too slow", namespace = "AWS/ApiGateway", metric = "Latency", dimensions = { ApiId = var.api_id }
        statistic = "p99", above = var.thresholds.latency_p99_ms, periods = 5, missing = "notBreaching"
      }
      "outbox-age" = {
        what = "An outbox row has waited too long", namespace = local.service_metrics.namespace, metric = "OutboxOldestPendingAge", dimensions = local.service_metrics.dimensions
        # It is sent each minute: silence means that outbox does not run.
        statistic = "Maximum", above = var.thresholds.outbox_age_seconds, periods = 5, missing = "breaching"
      }
      "outbox-dead" = {
        what      = "An outbox row was given up; an operator must see to it", namespace = local.service_metrics.namespace, metric = "OutboxDead", dimensions = local.service_metrics.dimensions
        statistic = "Maximum", above = 0, periods = 1, missing = "notBreaching"
      }
      "stream-isolated" = {
        what      = "A stream record was set aside", namespace = local.service_metrics.namespace, metric = "IsolatedStreamRecords", dimensions = local.service_metrics.dimensions
        statistic = "Sum", above = 0, periods = 1, missing = "notBreaching"
      }
      "stream-age" = {
        what      = "The streams are worked off too slowly", namespace = "AWS/Lambda", metric = "IteratorAge", dimensions = { FunctionName = var.functions.stream.name }
        statistic = "Maximum", above = var.thresholds.iterator_age_seconds * 1000, periods = 5, missing = "notBreaching"
      }
      "code-cache" = {
        what      = "The code cache does not fit the runtime: cold starts are slow until the package is built anew", namespace = local.service_metrics.namespace, metric = "CodeCacheRejections", dimensions = {}
        statistic = "Sum", above = var.thresholds.code_cache_rejections, periods = 1, missing = "notBreaching"
        # Every cold start says so until the next package, which is known after the first: once a day at most, and no word when it is over.
        period = 24 * 60 * local.minute, ok = false
      }
    },
    { for key, queue in var.queue_names : "queue-${key}" => {
      what      = "Something could not be delivered and lies in ${queue}", namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = queue }
      statistic = "Maximum", above = 0, periods = 1, missing = "notBreaching"
    } },
    { for key, function in var.functions : "${key}-errors" => {
      what      = "${function.name} fails", namespace = "AWS/Lambda", metric = "Errors", dimensions = { FunctionName = function.name }
      statistic = "Sum", above = 0, periods = key == "stream" || key == "outbox" ? 3 : 1, missing = "notBreaching"
    } },
    { for key, function in var.functions : "${key}-throttles" => {
      what      = "${function.name} is throttled", namespace = "AWS/Lambda", metric = "Throttles", dimensions = { FunctionName = function.name }
      statistic = "Sum", above = 0, periods = 2, missing = "notBreaching"
    } },
    { for key, function in var.functions : "${key}-duration" => {
      what      = "${function.name} comes near its time limit", namespace = "AWS/Lambda", metric = "Duration", dimensions = { FunctionName = function.name }
      statistic = "Maximum", above = function.timeout_seconds * 900, periods = 3, missing = "notBreaching"
    } if key != "migrate" },
    { for rule in var.rule_names : "${trimprefix(rule, "${var.name}-")}-undelivered" => {
      what      = "${rule} delivers too little", namespace = "AWS/Events", metric = "FailedInvocations", dimensions = { EventBusName = var.bus_name, RuleName = rule }
      statistic = "Sum", above = var.thresholds.undelivered_to_webhook, periods = 3, missing = "notBreaching"
    } },
    { for key, table in var.table_names : "${key}-read-throttles" => {
      what      = "Reads of ${table} are throttled", namespace = "AWS/DynamoDB", metric = "ReadThrottleEvents", dimensions = { TableName = table }
      statistic = "Sum", above = 0, periods = 2, missing = "notBreaching"
    } },
    { for key, table in var.table_names : "${key}-write-throttles" => {
      what      = "Writes to ${table} are throttled", namespace = "AWS/DynamoDB", metric = "WriteThrottleEvents", dimensions = { TableName = table }
      statistic = "Sum", above = 0, periods = 2, missing = "notBreaching"
    } },
    { for key, event in var.mail_set == null ? {} : { bounces = { metric = "Bounce", above = var.thresholds.mail_bounces }, complaints = { metric = "Complaint", above = 0 } } : "mail-${key}" => {
      # AWS looks into an account from 5 % bounces or 0.1 % complaints on: https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html
      what      = "Mails come back or are complained about: SES stops an account whose mails do", namespace = "AWS/SES", metric = event.metric, dimensions = { "ses:configuration-set" = var.mail_set }
      statistic = "Sum", above = event.above, periods = 1, missing = "notBreaching", period = 60 * local.minute
    } },
    { "postgres-connections" = {
      what      = "${var.database.instance} has nearly no connection left", namespace = "AWS/RDS", metric = "DatabaseConnections", dimensions = { DBInstanceIdentifier = var.database.instance }
      statistic = "Maximum", above = var.database.max_connections, periods = 5, missing = "breaching"
    } },
    { "postgres-cpu" = {
      what      = "${var.database.instance} is busy throughout", namespace = "AWS/RDS", metric = "CPUUtilization", dimensions = { DBInstanceIdentifier = var.database.instance }
      statistic = "Average", above = 80, periods = 15, missing = "breaching"
    } },
  )

  # What the code sends: an operation has its own metric, and PutItem happens in transactions only.
  table_operations = ["BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "Query", "Scan", "TransactWriteItems", "UpdateItem"]
}

resource "aws_sns_topic" "alarms" {
  # Without a key of its own: CloudWatch cannot publish through the AWS-managed one, and an alarm says nothing of people.
  name = local.topic_name
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Senders"
      Effect    = "Allow"
      Action    = "sns:Publish"
      Principal = { Service = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"] }
      Resource  = local.topic_arn
      Condition = { StringEquals = { "aws:SourceAccount" = var.arn_scope.account_id } }
    }]
  })
}

resource "aws_sns_topic_subscription" "email" {
  count = var.alarm_email == null ? 0 : 1

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_metric_alarm" "metric" {
  for_each = local.metric_alarms

  alarm_name          = "${var.name}-${lower(replace(each.key, "/([A-Z])/", "-$1"))}"
  alarm_description   = each.value.what
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = try(each.value.period, local.minute)
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = try(each.value.ok, true) ? [aws_sns_topic.alarms.arn] : []
}

resource "aws_cloudwatch_metric_alarm" "storage" {
  alarm_name          = "${var.name}-postgres-storage"
  alarm_description   = "${var.database.instance} runs out of storage"
  namespace           = "AWS/RDS"
  metric_name         = "FreeStorageSpace"
  dimensions          = { DBInstanceIdentifier = var.database.instance }
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = var.database.min_storage_gb * 1073741824
  period              = 5 * local.minute
  evaluation_periods  = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "server_errors" {
  alarm_name          = "${var.name}-http-5xx"
  alarm_description   = "Too large a share of requests is answered with 5xx"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.thresholds.server_errors_percent
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "share"
    expression  = "100 * errors / requests"
    label       = "5xx in percent"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { errors = "5xx", requests = "Count" }
    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/ApiGateway"
        metric_name = metric_query.value
        dimensions  = { ApiId = var.api_id }
        stat        = "Sum"
        period      = local.minute
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "table_errors" {
  for_each = var.table_names

  alarm_name          = "${each.value}-system-errors"
  alarm_description   = "DynamoDB itself fails on ${each.value}"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "all"
    expression  = "SUM(METRICS())"
    label       = "System errors"
    return_data = true
  }

  # DynamoDB counts them by operation only.
  dynamic "metric_query" {
    for_each = local.table_operations
    content {
      id = "operation${metric_query.key}"
      metric {
        namespace   = "AWS/DynamoDB"
        metric_name = "SystemErrors"
        dimensions  = { TableName = each.value, Operation = metric_query.value }
        stat        = "Sum"
        period      = local.minute
      }
    }
  }
}

resource "aws_cloudwatch_log_metric_filter" "code_cache" {
  name           = "${var.name}-code-cache-rejections"
  log_group_name = var.functions.http.log_group
  # The loader logs it when V8 refused the cache.
  pattern = "cachedDataRejected"

  metric_transformation {
    namespace = local.service_metrics.namespace
    name      = "CodeCacheRejections"
    value     = "1"
    unit      = "Count"
  }
}

resource "aws_budgets_budget" "monthly" {
  account_id   = var.arn_scope.account_id
  name         = "${var.name}-monthly"
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  # The tag must be activated for cost allocation once, in the billing console.
  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:Stack$%s", var.name)]
  }

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }
    content {
      comparison_operator       = "GREATER_THAN"
      notification_type         = notification.key
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [aws_sns_topic.alarms.arn]
    }
  }

  depends_on = [aws_sns_topic_policy.alarms]
}
