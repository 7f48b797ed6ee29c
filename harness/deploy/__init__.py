"""What deploys and rolls back: the team's own command."""

from harness.deploy.command import CommandDeployer, RunningCommand
from harness.deploy.deployer import Deployer, Deployment, Running

__all__ = ["CommandDeployer", "Deployer", "Deployment", "Running", "RunningCommand"]
