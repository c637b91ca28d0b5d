# Plans only, of what is not there yet, so that the provider asks AWS nothing: terraform test, in infra/bootstrap.

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
  account_id = "123456789012"
}

run "without_a_repository_there_are_no_roles" {
  command = plan

  assert {
    condition     = length(aws_iam_role.github) == 0 && length(aws_iam_openid_connect_provider.github) == 0
    error_message = "Roles for a pipeline are made only for a repository that is named."
  }
}

run "a_repository_is_owner_and_name" {
  command = plan

  variables {
    repository = "https://github.com/acme/duet"
  }

  expect_failures = [var.repository]
}
