locals {
  # The same list that the local server follows: see src/local/server/cors.ts.
  cors = jsondecode(file("${path.module}/../../cors.json"))
}

resource "aws_apigatewayv2_api" "http" {
  name                         = "${var.name}-http"
  description                  = "Duet's HTTP API"
  protocol_type                = "HTTP"
  disable_execute_api_endpoint = var.domain != null

  dynamic "cors_configuration" {
    for_each = length(var.cors_origins) > 0 ? [1] : []
    content {
      allow_origins  = var.cors_origins
      allow_methods  = local.cors.methods
      allow_headers  = local.cors.allowedHeaders
      expose_headers = local.cors.exposedHeaders
      max_age        = local.cors.maxAge
    }
  }
}

resource "aws_apigatewayv2_integration" "http" {
  api_id                 = aws_apigatewayv2_api.http.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_alias.http.invoke_arn
  payload_format_version = "2.0"
}

locals {
  # The application knows its routes. The counter's are named here because API Gateway alone throttles it: with any method, and with the
  # slash at the end that the application takes, too, and that is a path of its own to API Gateway.
  counter_routes = ["ANY /counter", "ANY /counter/"]
}

resource "aws_apigatewayv2_route" "http" {
  for_each = toset(concat(["$default"], local.counter_routes))

  api_id    = aws_apigatewayv2_api.http.id
  route_key = each.key
  target    = "integrations/${aws_apigatewayv2_integration.http.id}"
}

# The prefix keeps the log's resource policy short: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/vendedlogs/${var.name}-http-access"
  retention_in_days = var.log_retention_days
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.http.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit    = var.throttle.rate
    throttling_burst_limit   = var.throttle.burst
    detailed_metrics_enabled = var.route_metrics
  }

  dynamic "route_settings" {
    for_each = local.counter_routes
    content {
      route_key                = route_settings.value
      throttling_rate_limit    = var.throttle.counter_rate
      throttling_burst_limit   = var.throttle.counter_burst
      detailed_metrics_enabled = var.route_metrics
    }
  }

  # No address and no path: a path holds ids of people.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      requestId          = "$context.requestId"
      requestTime        = "$context.requestTime"
      method             = "$context.httpMethod"
      routeKey           = "$context.routeKey"
      status             = "$context.status"
      responseLength     = "$context.responseLength"
      responseLatency    = "$context.responseLatency"
      integrationLatency = "$context.integrationLatency"
      integrationStatus  = "$context.integration.integrationStatus"
      error              = "$context.error.message"
      integrationError   = "$context.integrationErrorMessage"
    })
  }

  depends_on = [aws_apigatewayv2_route.http]
}

resource "aws_lambda_permission" "http_api" {
  statement_id  = "HttpApi"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this["http"].function_name
  qualifier     = aws_lambda_alias.http.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.http.execution_arn}/*"
}

resource "aws_apigatewayv2_domain_name" "http" {
  count = var.domain == null ? 0 : 1

  domain_name = var.domain.name

  domain_name_configuration {
    certificate_arn = var.domain.certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "http" {
  count = var.domain == null ? 0 : 1

  api_id      = aws_apigatewayv2_api.http.id
  domain_name = aws_apigatewayv2_domain_name.http[0].id
  stage       = aws_apigatewayv2_stage.default.id
}
