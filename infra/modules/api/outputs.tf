output "url" {
  description = "Where the API answers."
  value       = var.domain == null ? aws_apigatewayv2_api.http.api_endpoint : "https://${var.domain.name}"
}

output "api_id" {
  description = "The HTTP API, for its metrics."
  value       = aws_apigatewayv2_api.http.id
}

output "domain_target" {
  description = "What the domain's DNS alias must point at; null without a domain."
  value       = one([for domain in aws_apigatewayv2_domain_name.http[*] : domain.domain_name_configuration[0].target_domain_name])
}

output "functions" {
  description = "Name, log group and time limit of each function, once they run: an alarm on silence would go off before."
  value = {
    for key, function in aws_lambda_function.this : key => {
      name            = function.function_name
      log_group       = aws_cloudwatch_log_group.function[key].name
      timeout_seconds = function.timeout
    }
  }

  depends_on = [aws_scheduler_schedule.outbox]
}

output "versions" {
  description = "The version of each function that was published last."
  value       = { for key, function in aws_lambda_function.this : function.function_name => function.version }
}

output "release" {
  description = "What a release moves: the alias of http, and the version that comes next."
  value = {
    name    = aws_lambda_function.this["http"].function_name
    arn     = local.function_arn.http
    alias   = local.alias
    version = aws_lambda_function.this["http"].version
  }

  depends_on = [aws_lambda_alias.http]
}

output "queue_names" {
  description = "Queues that must stay empty."
  value       = { for key, queue in aws_sqs_queue.failures : key => queue.name }
}

output "environments" {
  description = "Each function's environment variables; no secret is among them. The provider shows the whole map as unknown when one value is, a plan's output does not."
  value       = local.environment
}
