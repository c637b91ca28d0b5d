locals {
  metric = {
    api      = "AWS/ApiGateway"
    lambda   = "AWS/Lambda"
    dynamodb = "AWS/DynamoDB"
    rds      = "AWS/RDS"
    sqs      = "AWS/SQS"
  }
  service_dimension = ["service", local.service_metrics.dimensions.service]

  widgets = concat([
    {
      title   = "Requests and errors"
      stat    = "Sum"
      metrics = [for name in ["Count", "4xx", "5xx"] : [local.metric.api, name, "ApiId", var.api_id]]
    },
    {
      title = "Latency, ms"
      stat  = "p99"
      metrics = [
        [local.metric.api, "Latency", "ApiId", var.api_id, { stat = "p50" }],
        [local.metric.api, "Latency", "ApiId", var.api_id, { stat = "p99" }],
        [local.metric.api, "IntegrationLatency", "ApiId", var.api_id, { stat = "p99" }],
      ]
    },
    {
      title   = "Function errors and throttles"
      stat    = "Sum"
      metrics = flatten([for name in ["Errors", "Throttles"] : [for function in values(var.functions) : { row = [local.metric.lambda, name, "FunctionName", function.name] }]])[*].row
    },
    {
      title   = "Concurrent executions"
      stat    = "Maximum"
      metrics = [for function in values(var.functions) : [local.metric.lambda, "ConcurrentExecutions", "FunctionName", function.name]]
    },
    {
      title = "Outbox"
      stat  = "Maximum"
      metrics = [
        for name in ["OutboxPending", "OutboxDead", "OutboxOldestPendingAge"] : concat([local.service_metrics.namespace, name], local.service_dimension)
      ]
    },
    {
      title   = "Stream: age of the oldest record, ms"
      stat    = "Maximum"
      metrics = [[local.metric.lambda, "IteratorAge", "FunctionName", var.functions.stream.name]]
    },
    {
      title   = "Undelivered"
      stat    = "Maximum"
      metrics = [for queue in values(var.queue_names) : [local.metric.sqs, "ApproximateNumberOfMessagesVisible", "QueueName", queue]]
    },
    {
      title   = "Consumed capacity"
      stat    = "Sum"
      metrics = flatten([for name in ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"] : [for table in values(var.table_names) : { row = [local.metric.dynamodb, name, "TableName", table] }]])[*].row
    },
    {
      title   = "PostgreSQL load and free storage"
      stat    = "Average"
      metrics = [for name in ["CPUUtilization", "FreeStorageSpace"] : [local.metric.rds, name, "DBInstanceIdentifier", var.database.instance]]
    },
    {
      title = "PostgreSQL connections: of the instance, of clients to the proxy, pinned"
      stat  = "Maximum"
      metrics = concat(
        [[local.metric.rds, "DatabaseConnections", "DBInstanceIdentifier", var.database.instance]],
        [for name in ["ClientConnections", "DatabaseConnectionsCurrentlySessionPinned"] : [local.metric.rds, name, "ProxyName", var.database.proxy] if var.database.proxy != null],
      )
    },
    ], var.database.proxy == null ? [] : [
    {
      title   = "Time to borrow a connection of the proxy, microseconds"
      stat    = "p99"
      metrics = [[local.metric.rds, "DatabaseConnectionsBorrowLatency", "ProxyName", var.database.proxy]]
    },
  ])
}

resource "aws_cloudwatch_dashboard" "main" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [for index, widget in local.widgets : {
      type   = "metric"
      x      = index % 2 * 12
      y      = floor(index / 2) * 6
      width  = 12
      height = 6
      properties = {
        title   = widget.title
        region  = var.arn_scope.region
        view    = "timeSeries"
        stat    = widget.stat
        period  = local.minute
        metrics = widget.metrics
      }
    }]
  })
}
