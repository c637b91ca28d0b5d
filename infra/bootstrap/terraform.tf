terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }

  # The bucket that this makes: npm run deploy -- bootstrap begins without it, and moves the state there at the end.
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
      Service   = "duet"
      Stack     = "duet-bootstrap"
      ManagedBy = "terraform"
    }
  }
}
