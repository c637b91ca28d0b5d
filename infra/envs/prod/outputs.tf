output "api_url" {
  description = "Where the API answers: DUET_URL of the demo."
  value       = module.duet.api_url
}

output "domain_target" {
  description = "What the domain's DNS alias must point at; null without a domain."
  value       = module.duet.domain_target
}

output "http_version" {
  description = "The version of http just published."
  value       = module.duet.http_version
}

output "function_names" {
  description = "The functions."
  value       = module.duet.function_names
}

output "table_names" {
  description = "The tables."
  value       = module.duet.table_names
}

output "event_bus_name" {
  description = "The event bus."
  value       = module.duet.event_bus_name
}

output "database_endpoint" {
  description = "PostgreSQL itself, from within the VPC."
  value       = module.duet.database_endpoint
}

output "dashboard_url" {
  description = "The dashboard in the console."
  value       = module.duet.dashboard_url
}

output "alarm_topic_arn" {
  description = "The topic that alarms go to."
  value       = module.duet.alarm_topic_arn
}

output "function_environments" {
  description = "Each function's environment variables; no secret is among them."
  value       = module.duet.function_environments
}
