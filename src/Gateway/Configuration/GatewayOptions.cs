using System.Net;
using static Gateway.Configuration.SettingForms;
using static Gateway.Configuration.SettingTraits;

namespace Gateway.Configuration;

/// <summary>Section <c>Gateway</c>.</summary>
internal sealed class GatewayOptions(SettingsReader reader)
{
    /// <summary>SHA-256 of every bearer key; with none, writes are open.</summary>
    public IReadOnlyList<byte[]> KeyDigests { get; } = reader.Read(
        "Gateway:Keys", "", Keys, "bearer keys that writes need once there is one", SettingTraits.Secret | Live | Protective);

    public bool ProtectReads { get; } = reader.Read("Gateway:ProtectReads", "false", Flag, "reads need a key too", Live | Protective);

    /// <summary>0 is none.</summary>
    public long MaxBodyBytes { get; } = reader.Read(
        "Gateway:MaxBodyBytes", "0", SizeOrNone, "largest body of an upload, 413 beyond", Live | Protective);

    public int PendingUploadCountMax { get; } = reader.Read(
        "Gateway:MaxPendingUploads", "1000", Whole(1, 100_000), "uploads in several requests under way at once, 503 beyond");

    /// <summary>After the last request for it.</summary>
    public TimeSpan PendingUploadLifetime { get; } = reader.Read(
        "Gateway:PendingUploadSeconds", "1d", Duration(1, 31_536_000), "how long an upload in several requests is kept after its last one");

    public TimeSpan ReplicaTimeout { get; } = reader.Read(
        "Gateway:ReplicaSeconds", "30s", Duration(0.1, 3600), "how long an upload with ?replicas=n waits for them before it answers 202",
        Live);

    /// <summary>Of one client address; 0 is none.</summary>
    public int MaxRequestsPerSecond { get; } = reader.Read(
        "Gateway:MaxRequestsPerSecond", "0", WholeOrNone(1_000_000), "requests a second of one client address, 429 beyond",
        Live | Protective);

    /// <summary>0 is none.</summary>
    public int MaxConcurrentRequests { get; } = reader.Read(
        "Gateway:MaxConcurrentRequests", "0", WholeOrNone(1_000_000), "requests in work at once, 503 beyond", Live | Protective);

    /// <summary>0: what descriptors and memory allow.</summary>
    public int ConnectionCountMax { get; } = reader.Read(
        "Gateway:MaxConnections", "0", WholeOrNone(1_000_000),
        "connections open at once, beyond which who has most gives way; 0: what open files and memory allow");

    /// <summary>0 is any number.</summary>
    public int MaxEventStreams { get; } = reader.Read(
        "Gateway:MaxEventStreams", "256", WholeOrNone(1_000_000),
        "streams of events open at once, one a page and none of them a request in work, 503 beyond", Live | Protective);

    public IReadOnlyList<string> CorsOrigins { get; } = reader.Read(
        "Gateway:CorsOrigins", "", Origins, "pages of other origins that may use the API", Live);

    public IReadOnlyList<IPNetwork> TrustedProxies { get; } = reader.Read(
        "Gateway:TrustedProxies", "", Networks, "proxies in front whose X-Forwarded-For, -Proto and -Host are believed");

    /// <summary>Of a client that sends or takes a body; 0 is none.</summary>
    public long RateBytesPerSecondMin { get; } = reader.Read(
        "Gateway:MinRateBytesPerSecond", "240", Rate, "what a client has to send of a body, or take of an answer, in the long run");

    /// <summary>How long it may be slower. The server looks once a second, and wants more than that.</summary>
    public TimeSpan RateGrace { get; } = reader.Read(
        "Gateway:MinRateGraceSeconds", "1m", Duration(2, 86_400), "how long a client may be slower: players pause, pipes start slowly");

    public TimeSpan RequestHeadersTimeout { get; } = reader.Read(
        "Gateway:RequestHeadersSeconds", "30s", Duration(1, 3600), "until the head of a request has to be here");

    public TimeSpan KeepAliveTimeout { get; } = reader.Read(
        "Gateway:KeepAliveSeconds", "130s", Duration(1, 86_400),
        "how long a connection without a request is kept, longer than a proxy in front keeps it");

    /// <summary>Empty is none.</summary>
    public string OtlpEndpoint { get; } = reader.Read(
        "Gateway:OtlpEndpoint", "", Address, "where metrics and traces are sent to, as OTLP over HTTP");

    public TimeSpan ShutdownTimeout { get; } = reader.Read(
        "Gateway:ShutdownSeconds", "10s", Duration(0, 3600), "how long running responses may go on when the process is asked to end", Live);
}
