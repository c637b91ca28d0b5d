output "names" {
  description = "Table names by their key in tables.json."
  value       = { for key, table in aws_dynamodb_table.this : key => table.name }
}

output "variables" {
  description = "For each table the environment variable that names it, with its name as value."
  value       = { for key, table in local.definitions : key => { (table.variable) = aws_dynamodb_table.this[key].name } }
}

output "indexes" {
  description = "The names of each table's indexes."
  value       = { for key, table in local.definitions : key => keys(try(table.localIndexes, {})) }
}

output "stream_arns" {
  description = "The stream of each table that has one."
  value       = { for key, table in local.definitions : key => aws_dynamodb_table.this[key].stream_arn if can(table.stream) }
}
