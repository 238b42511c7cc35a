namespace PouringRain.Protocol.Deploying;

/// <summary>Bounds and times of a <see cref="Deployment"/>.</summary>
public sealed record DeploymentOptions
{
    /// <summary>Who asks.</summary>
    public required NodeId Node { get; init; }

    /// <summary>Tokens that other nodes gave to the socket that asks.</summary>
    public TokenCache Tokens { get; init; } = new();

    /// <summary>Time between two questions to a node that answers; longer when there are so many that
    /// <see cref="QuestionsPerSecondMax"/> would be passed.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Questions a second, to all nodes together: some 100 kB/s with their answers.</summary>
    public int QuestionsPerSecondMax { get; init; } = 500;

    /// <summary>Silence after which a receiver is late.</summary>
    public TimeSpan LateAfter { get; init; } = TimeSpan.FromSeconds(7);

    /// <summary>Silence after which nobody waits for it any more; it is asked on, as long as the deployment goes on.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long receivers are told to leave it, when it is stopped and they do not answer.</summary>
    public TimeSpan StopPatience { get; init; } = TimeSpan.FromSeconds(5);
}
