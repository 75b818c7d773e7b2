"""The import name of Azure ML in runs: only what is needed to log from a script, by the standard library alone.

This folder stands first on a script's path. Parts of `azureml` that an environment has itself (`azureml.mlflow`,
`azureml.data`) stay importable beside it, because the package's path is extended; `azureml.core` is always this one,
since the original talks to a service that is not there.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
