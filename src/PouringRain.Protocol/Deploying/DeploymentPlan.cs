using System.Collections.Immutable;

namespace PouringRain.Protocol.Deploying;

/// <summary>What is deployed to whom, and in which order.</summary>
public sealed record DeploymentPlan
{
    /// <summary>The most nodes that one deployment is for.</summary>
    public const int TargetCountMax = 1000;

    /// <summary>What each of the targets is asked to have.</summary>
    public required DeployOrder Order { get; init; }

    /// <summary>SHA-256 of its bytes, which a receipt has to be.</summary>
    public required Sha256Digest Sha256 { get; init; }

    /// <summary>Its source blocks.</summary>
    public required int BlockCount { get; init; }

    /// <summary>The nodes, each once, in the order in which they get it; 1 to <see cref="TargetCountMax"/>.</summary>
    public required ImmutableArray<NodeId> Targets { get; init; }

    /// <summary>How many nodes get it in each wave, 1 or more; the last number again and again. Empty for all at once.</summary>
    public ImmutableArray<int> Waves { get; init; } = [];

    /// <summary>How many have to have it in the end; 1 to the number of targets.</summary>
    public required int Quorum { get; init; }

    /// <summary>Where each wave ends: the number of targets in it and in those before.</summary>
    public ImmutableArray<int> WaveEnds()
    {
        var ends = ImmutableArray.CreateBuilder<int>();
        for (var end = 0; end < Targets.Length;)
        {
            var size = Waves.IsDefaultOrEmpty ? Targets.Length : Waves[Math.Min(ends.Count, Waves.Length - 1)];
            end = (int)Math.Min(Targets.Length, (long)end + Math.Max(1, size));
            ends.Add(end);
        }

        return ends.ToImmutable();
    }
}
