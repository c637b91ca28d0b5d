# Plans only, against a mocked provider: terraform test, in envs/prod.

mock_provider "aws" {}

variables {
  account_id  = "123456789012"
  signing_key = "a signing key of more than 32 bytes, for the plan"
}

run "names_follow_the_environment" {
  command = plan

  assert {
    condition     = output.table_names.todos == "duet-prod-todos" && output.event_bus_name == "duet-prod-events"
    error_message = "Names must be duet-prod-<thing>."
  }
}

run "protected_tables_refuse_deletion" {
  command = plan

  module {
    source = "../../modules/tables"
  }

  variables {
    name                = "duet-prod"
    deletion_protection = true
  }

  assert {
    condition     = alltrue([for table in values(aws_dynamodb_table.this) : table.deletion_protection_enabled && table.point_in_time_recovery[0].enabled])
    error_message = "Every table must be protected and recoverable."
  }
}
