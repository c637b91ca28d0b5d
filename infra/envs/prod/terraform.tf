terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # The bucket is whoever deploys's: terraform init -backend-config=backend.hcl, after the example beside this file.
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
      Stack       = "duet-${var.environment}"
      ManagedBy   = "terraform"
    }
  }
}
