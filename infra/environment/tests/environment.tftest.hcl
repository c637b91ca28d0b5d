# Plans only, of what is not there yet, so that the provider asks AWS nothing: terraform test -var-file=dev.tfvars, in infra/environment.
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
  account_id         = "123456789012"
  availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
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

  assert {
    condition     = output.function_environments.http.DYNAMODB_TABLE_NAME == output.table_names.todos && output.function_environments.stream.EVENT_BUS_NAME == output.event_bus_name
    error_message = "The functions must be given the names that the tables and the bus have."
  }
}

run "zones_are_the_regions_unless_they_are_named" {
  command = plan

  variables {
    availability_zones = null
  }

  override_data {
    target = module.network.data.aws_availability_zones.region
    values = {
      names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    }
  }

  assert {
    condition     = length(module.network.subnet_ids) == var.zones
    error_message = "There must be a subnet in each zone."
  }
}

run "one_zone_is_too_few" {
  command = plan

  variables {
    zones = 1
  }

  expect_failures = [var.zones]
}

run "without_the_proxy_functions_connect_directly" {
  command = plan

  variables {
    database = {
      instance_class        = "db.t4g.micro"
      storage_gb            = 20
      max_storage_gb        = 50
      multi_az              = false
      proxy                 = false
      backup_retention_days = 3
      max_connections       = 80
    }
  }

  assert {
    condition     = output.function_environments.http.NODE_EXTRA_CA_CERTS == "/var/runtime/ca-cert.pem" && output.function_environments.http.RDS_IAM_AUTH == "true"
    error_message = "A direct connection must trust RDS's certificates and sign in with a token."
  }

  assert {
    condition     = output.function_environments.migrate.APP_ROLE_NAME == "duet_app" && !can(output.function_environments.migrate.RDS_IAM_AUTH)
    error_message = "migrate must come with the master's password, and make the role that signs in with tokens."
  }
}

run "only_the_host_of_this_environment_can_be_connected_to" {
  command = plan

  module {
    source = "../modules/database"
  }

  variables {
    name                 = "duet-dev"
    arn_scope            = { partition = "aws", region = "eu-central-1", account_id = "123456789012" }
    subnet_ids           = ["subnet-a", "subnet-b"]
    security_group_ids   = { proxy = "sg-proxy", database = "sg-database" }
    log_retention_days   = 7
    app_password_version = 1
    deletion_protection  = false
    permissions_boundary = null
    settings = {
      instance_class        = "db.t4g.micro"
      engine_version        = "18"
      storage_gb            = 20
      max_storage_gb        = 50
      multi_az              = false
      proxy                 = true
      backup_retention_days = 3
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
    condition     = alltrue([for user in ["duet", "duet_app"] : output.access.connect_arns[user] == "arn:aws:rds-db:eu-central-1:123456789012:dbuser:prx-0123456789abcdef0/${user}"])
    error_message = "rds-db:connect must name the proxy's own id and one user."
  }
}

run "the_dashboard_shows_what_a_proxy_is_watched_for" {
  command = plan

  module {
    source = "../modules/observability"
  }

  variables {
    name               = "duet-dev"
    arn_scope          = { partition = "aws", region = "eu-central-1", account_id = "123456789012" }
    alarm_email        = null
    monthly_budget_usd = 100
    api_id             = "api"
    functions          = { for name in ["http", "stream"] : name => { name = name, log_group = name, timeout_seconds = 10 } }
    queue_names        = {}
    rule_names         = []
    bus_name           = "events"
    table_names        = {}
    mail_set           = null
    database           = { instance = "postgres", proxy = "proxy", max_connections = 80, min_storage_gb = 2 }
    thresholds = {
      latency_p99_ms         = 2000
      server_errors_percent  = 1
      outbox_age_seconds     = 300
      iterator_age_seconds   = 300
      code_cache_rejections  = 0
      undelivered_to_webhook = 0
      mail_bounces           = 5
    }
  }

  assert {
    condition     = alltrue([for metric in ["ClientConnections", "DatabaseConnectionsCurrentlySessionPinned", "DatabaseConnectionsBorrowLatency"] : strcontains(aws_cloudwatch_dashboard.main.dashboard_body, "\"${metric}\",\"ProxyName\",\"proxy\"")])
    error_message = "Clients of the proxy, pinned sessions and the time to borrow a connection must be on the dashboard."
  }
}
