terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

locals {
  # The same definition that the local stores are made from: see src/local/stores/provision-tables.ts.
  definitions = jsondecode(file("${path.module}/../../tables.json"))

  # rateLimits -> duet-dev-rate-limits
  names = { for key, _ in local.definitions : key => "${var.name}-${lower(replace(key, "/([A-Z])/", "-$1"))}" }

  # DynamoDB wants each attribute of a key declared once, and no other.
  key_attributes = {
    for key, table in local.definitions : key => toset(compact(concat(
      [table.partitionKey, try(table.sortKey, "")],
      [for index in values(try(table.localIndexes, {})) : index.sortKey],
    )))
  }
}

resource "aws_dynamodb_table" "this" {
  for_each = local.definitions

  name                        = local.names[each.key]
  billing_mode                = "PAY_PER_REQUEST"
  table_class                 = each.value.tableClass
  hash_key                    = each.value.partitionKey
  range_key                   = try(each.value.sortKey, null)
  stream_enabled              = can(each.value.stream)
  stream_view_type            = try(each.value.stream, null)
  deletion_protection_enabled = var.deletion_protection

  dynamic "attribute" {
    for_each = local.key_attributes[each.key]
    content {
      name = attribute.value
      type = "S"
    }
  }

  dynamic "local_secondary_index" {
    for_each = try(each.value.localIndexes, {})
    content {
      name            = local_secondary_index.key
      range_key       = local_secondary_index.value.sortKey
      projection_type = local_secondary_index.value.projection
    }
  }

  dynamic "ttl" {
    for_each = try([each.value.ttl], [])
    content {
      attribute_name = ttl.value
      enabled        = true
    }
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }

  tags = { Name = local.names[each.key] }
}
