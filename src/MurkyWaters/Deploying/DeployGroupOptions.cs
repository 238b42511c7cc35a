using System.Net;

namespace MurkyWaters.Deploying;

/// <summary>The groups of a node's deployments.</summary>
public sealed record DeployGroupOptions
{
    /// <summary>Those on which it listens, and may rain; the first is taken where none is named.</summary>
    public IReadOnlyList<IPEndPoint> Groups { get; init; } = [];

    /// <summary>The network interface, by its name or an address of it; empty for the system's choice.</summary>
    public string Interface { get; init; } = "";

    /// <summary>Routers that may be passed, and one more; 0 to 255.</summary>
    public int Hops { get; init; } = 1;
}
