output "bus_name" {
  description = "The event bus, once it is there."
  value       = aws_cloudwatch_event_bus.main.name
}

output "bus_arn" {
  description = "The bus's ARN, composed."
  value       = local.bus_arn
}

output "queue_names" {
  description = "Queues that must stay empty."
  value       = { undelivered-events = aws_sqs_queue.undelivered.name }
}

output "rule_names" {
  description = "The rules, for the dashboard."
  value       = local.rule_names
}
