# Plans only, of what is not there yet, so that the provider asks AWS nothing: terraform test, in envs/dev.
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
    condition     = output.table_names.rateLimits == "duet-dev-rate-limits"
    error_message = "Names must be duet-<env>-<thing>, in small letters and dashes."
  }

  assert {
    condition     = output.function_environments.http.DYNAMODB_TABLE_NAME == output.table_names.todos
    error_message = "The functions must be told the names that the tables have."
  }

  assert {
    condition     = output.function_environments.stream.EVENT_BUS_NAME == output.event_bus_name
    error_message = "The functions must be told the name that the bus has."
  }
}

run "an_environment_of_another_name_shares_no_name" {
  command = plan

  variables {
    environment = "alice"
  }

  assert {
    condition     = alltrue([for name in concat(values(output.table_names), values(output.function_names), [output.event_bus_name]) : startswith(name, "duet-alice-")])
    error_message = "Every name must carry the environment's."
  }
}

run "only_the_proxy_of_this_environment_can_be_connected_to" {
  command = plan

  module {
    source = "../../modules/database"
  }

  variables {
    name                 = "duet-dev"
    arn_scope            = { partition = "aws", region = "eu-central-1", account_id = "123456789012" }
    subnet_ids           = ["subnet-a", "subnet-b"]
    security_group_ids   = { proxy = "sg-proxy", database = "sg-database" }
    log_retention_days   = 7
    app_password_version = 1
    settings = {
      instance_class        = "db.t4g.micro"
      engine_version        = "18"
      storage_gb            = 20
      max_storage_gb        = 50
      multi_az              = false
      backup_retention_days = 3
      deletion_protection   = false
      apply_immediately     = true
    }
  }

  override_resource {
    target          = aws_db_proxy.main
    override_during = plan
    values = {
      arn = "arn:aws:rds:eu-central-1:123456789012:db-proxy:prx-0123456789abcdef0"
    }
  }

  assert {
    condition     = alltrue([for user in ["duet", "duet_app"] : output.connect_arns[user] == "arn:aws:rds-db:eu-central-1:123456789012:dbuser:prx-0123456789abcdef0/${user}"])
    error_message = "rds-db:connect must name the proxy's own id and one user."
  }
}

run "one_zone_is_too_few" {
  command = plan

  module {
    source = "../../modules/network"
  }

  variables {
    name               = "duet-dev"
    region             = "eu-central-1"
    cidr               = "10.40.0.0/20"
    availability_zones = ["eu-central-1a"]
    endpoint_zones     = 1
  }

  expect_failures = [var.availability_zones]
}
