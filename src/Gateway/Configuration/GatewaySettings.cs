using System.Net;
using PouringRain.Network;

namespace Gateway.Configuration;

/// <summary>Every setting, read and checked. Never changes while the process runs.</summary>
internal sealed record GatewaySettings(
    IReadOnlyList<string> Urls, RainOptions Rain, StoreOptions Store, BehaviourOptions Behaviour, GatewayOptions Gateway);

/// <summary>Section <c>Rain</c>.</summary>
internal sealed record RainOptions
{
    public required IReadOnlyList<IPEndPoint> Listen { get; init; }

    /// <summary>The absolute path of servers.json.</summary>
    public required string ServersFile { get; init; }

    /// <summary>Seals every datagram; empty is none.</summary>
    public required string Secret { get; init; }

    public required IReadOnlyList<string> SecretsAccepted { get; init; }

    public required bool AllowUnsealed { get; init; }

    public required IReadOnlyList<IPNetwork> ClassicAllow { get; init; }

    public required long RateBytesPerSecondMax { get; init; }

    public required int SubscriberCountMax { get; init; }

    /// <summary>0: by the cores.</summary>
    public required int ReceiveLoopCount { get; init; }

    public required string Code { get; init; }

    public required int SymbolSize { get; init; }

    public required int BlockSize { get; init; }

    public required TimeSpan DiscoveryTimeout { get; init; }

    public required TimeSpan StallTimeout { get; init; }

    public required bool IsBackground { get; init; }

    public required DatagramFaults? Faults { get; init; }
}

/// <summary>Section <c>Store</c>.</summary>
/// <param name="Path">The absolute path of the store's folder.</param>
/// <param name="QuotaBytes">Limit for what was fetched, 0 for none.</param>
internal sealed record StoreOptions(string Path, long QuotaBytes);

/// <summary>Section <c>Behaviour</c>.</summary>
internal sealed record BehaviourOptions(bool PropagateOnStartup, bool AutoAddPeers, bool ShareContent);

/// <summary>Section <c>Gateway</c>.</summary>
internal sealed record GatewayOptions
{
    /// <summary>SHA-256 of every bearer key; with none, writes are open.</summary>
    public required IReadOnlyList<byte[]> KeyDigests { get; init; }

    public required bool ProtectReads { get; init; }

    /// <summary>0 is none.</summary>
    public required long MaxBodyBytes { get; init; }

    public required int PendingUploadCountMax { get; init; }

    /// <summary>After the last request for it.</summary>
    public required TimeSpan PendingUploadLifetime { get; init; }

    public required TimeSpan ReplicaTimeout { get; init; }

    /// <summary>Of one client address; 0 is none.</summary>
    public required int MaxRequestsPerSecond { get; init; }

    /// <summary>0 is none.</summary>
    public required int MaxConcurrentRequests { get; init; }

    public required IReadOnlyList<string> CorsOrigins { get; init; }

    /// <summary>Empty is none.</summary>
    public required string OtlpEndpoint { get; init; }

    public required TimeSpan ShutdownTimeout { get; init; }
}
