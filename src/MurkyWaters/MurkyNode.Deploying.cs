namespace MurkyWaters;

/// <summary>What can be deployed to the nodes of the cluster.</summary>
public sealed partial class MurkyNode
{
    /// <summary>All deployments that are known here, the newest first.</summary>
    public IReadOnlyList<DeploymentSnapshot> Deployments => _deployments.All;

    /// <summary>Deployments in figures.</summary>
    public DeploymentFigures DeploymentFigures => _deployments.Figures;

    /// <summary>One of them, by its 16 hexadecimal digits; null when it is not known.</summary>
    public DeploymentSnapshot? FindDeployment(string id) =>
        Deploying.DeploymentRecord.TryParseId(id, out var number) ? _deployments.Find(number) : null;

    /// <summary>Has what a resource is now come to many nodes. It goes on whatever restarts meanwhile, until it has ended or is
    /// stopped.</summary>
    /// <exception cref="StoreException">The store cannot note it.</exception>
    public async Task<DeploymentResult> StartDeploymentAsync(DeploymentRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var opened = await OpenAsync(
            request.Resource, new OpenOptions { DemandLength = 0, Network = request.Network }, cancellationToken);
        if (opened.Reader is not { } reader)
        {
            return new DeploymentResult(DeploymentOutcome.NoResource, Search: opened);
        }

        await using (reader)
        {
            return await _deployments.StartAsync(request, reader.Manifest, cancellationToken);
        }
    }

    /// <summary>Stops one, by its 16 hexadecimal digits: its receivers leave it, and keep what they have.</summary>
    /// <exception cref="StoreException">The store cannot note it.</exception>
    public Task<DeploymentResult> StopDeploymentAsync(string id, CancellationToken cancellationToken) =>
        Deploying.DeploymentRecord.TryParseId(id, out var number) ? _deployments.StopAsync(number, cancellationToken)
            : Task.FromResult(new DeploymentResult(DeploymentOutcome.Unknown));
}
