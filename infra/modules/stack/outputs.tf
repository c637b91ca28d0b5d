output "api_url" {
  description = "Where the API answers: DUET_URL of the demo."
  value       = module.api.url
}

output "domain_target" {
  description = "What the domain's DNS alias must point at; null without a domain."
  value       = module.api.domain_target
}

output "http_version" {
  description = "The version of http just published."
  value       = module.api.http_version
}

output "function_names" {
  description = "The functions."
  value       = { for key, function in module.api.functions : key => function.name }
}

output "table_names" {
  description = "The tables."
  value       = module.tables.names
}

output "event_bus_name" {
  description = "The event bus."
  value       = module.events.bus_name
}

output "database_endpoint" {
  description = "PostgreSQL itself, from within the VPC."
  value       = module.database.endpoint
}

output "dashboard_url" {
  description = "The dashboard in the console."
  value       = module.observability.dashboard_url
}

output "alarm_topic_arn" {
  description = "The topic that alarms go to."
  value       = module.observability.alarm_topic_arn
}

output "function_environments" {
  description = "Each function's environment variables; no secret is among them."
  value       = module.api.environments
}
