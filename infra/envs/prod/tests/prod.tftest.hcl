# Plans only, of what is not there yet, so that the provider asks AWS nothing: terraform test, in envs/prod.
# A mocked provider has no ephemeral resources: https://developer.hashicorp.com/terraform/language/tests/mocking

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  max_retries                 = 0
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

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
