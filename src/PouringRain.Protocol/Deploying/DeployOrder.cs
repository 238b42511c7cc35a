namespace PouringRain.Protocol.Deploying;

/// <summary>What a node is asked to have. The same order may come again and again, and is obeyed once.</summary>
public sealed record DeployOrder
{
    /// <summary>Of the deployment, drawn by who began it.</summary>
    public required ulong Deployment { get; init; }

    /// <summary>Whether the node is to leave it.</summary>
    public bool IsStop { get; init; }

    /// <summary>How it comes.</summary>
    public DeployMode Mode { get; init; }

    /// <summary>The resource.</summary>
    public required ResourceId Resource { get; init; }

    /// <summary>The version of it, and no other.</summary>
    public required Sha256Digest Version { get; init; }

    /// <summary>Its bytes, 0 or more.</summary>
    public required long Length { get; init; }

    /// <summary>Bytes of datagrams a second that each receiver may order; 0 for no limit.</summary>
    public long RateBytesPerSecond { get; init; }

    /// <summary>The group on which it rains, with <see cref="DeployMode.Group"/>: an address and a port.</summary>
    public string Group { get; init; } = "";
}
