output "subnet_ids" {
  description = "The private subnets, one a zone."
  value       = aws_subnet.private[*].id
}

output "function_network" {
  description = "Subnets and security group of the functions, once all that they reach from there is open: so it is, too, until the last function is destroyed."
  value       = { subnet_ids = aws_subnet.private[*].id, security_group_id = aws_security_group.functions.id }

  depends_on = [
    aws_route_table_association.private,
    aws_vpc_endpoint.dynamodb,
    aws_vpc_endpoint.interface,
    aws_vpc_security_group_egress_rule.between,
    aws_vpc_security_group_egress_rule.dynamodb,
    aws_vpc_security_group_ingress_rule.between,
  ]
}

output "security_group_ids" {
  description = "Security groups by role: database, and proxy where there is one."
  value = {
    proxy    = one(aws_security_group.proxy[*].id)
    database = aws_security_group.database.id
  }
}
