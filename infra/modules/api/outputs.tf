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
  description = "Name, log group and time limit of each function."
  value = {
    for key, function in local.functions : key => {
      name            = "${var.name}-${key}"
      log_group       = "/aws/lambda/${var.name}-${key}"
      timeout_seconds = function.timeout_seconds
    }
  }
}

output "http_version" {
  description = "The version of http that was just published: what to go back to, one day."
  value       = aws_lambda_function.this["http"].version
}

output "queue_names" {
  description = "Queues that must stay empty."
  value       = local.queue_names
}

output "environments" {
  description = "Each function's environment variables; no secret is among them. The provider shows the whole map as unknown when one value is, a plan's output does not."
  value       = local.environment
}
