output "api_url" {
  description = "Where the API answers: DUET_URL of the demo."
  value       = module.api.url
}

output "domain_target" {
  description = "What the domain's DNS alias must point at; null without a domain."
  value       = module.api.domain_target
}

output "web" {
  description = "Where the app is, and where npm run deploy puts its files; null without it."
  value       = one(module.web)
}

output "mail_dns_records" {
  description = "CNAME records to make in the domain that mails come from: SES signs and sends once they are there."
  value       = merge(module.mail[*].dns_records...)
}

output "release" {
  description = "What npm run deploy moves requests with: the functions' new versions, and CodeDeploy's application and deployment group."
  value = {
    versions         = module.api.versions
    name             = module.api.release.name
    alias            = module.api.release.alias
    application      = module.release.application
    deployment_group = module.release.deployment_group
  }
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

output "audit_bucket" {
  description = "Where the audit lines are kept."
  value       = module.audit.bucket
}

output "function_environments" {
  description = "Each function's environment variables; no secret is among them."
  value       = module.api.environments
}
