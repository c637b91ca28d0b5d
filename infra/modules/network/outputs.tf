output "subnet_ids" {
  description = "The private subnets, one a zone."
  value       = aws_subnet.private[*].id
}

output "security_group_ids" {
  description = "Security groups by role: functions, proxy, database."
  value = {
    functions = aws_security_group.functions.id
    proxy     = aws_security_group.proxy.id
    database  = aws_security_group.database.id
  }
}
