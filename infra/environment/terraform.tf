terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # Version 6 changes no argument that is used here: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/version-6-upgrade
      version = ">= 5.100, < 7.0"
    }
  }

  # Bucket, key and region are the environment's: npm run deploy writes them to <environment>.backend.hcl.
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = {
      Service     = "duet"
      Environment = var.environment
      Stack       = local.name
      ManagedBy   = "terraform"
    }
  }
}
