using System.Collections.Immutable;
using System.Net;
using PouringRain.Coding;
using PouringRain.Network;
using PouringRain.Protocol;
using static Gateway.Configuration.SettingParsers;

namespace Gateway.Configuration;

/// <summary>
/// Every setting of the gateway, once: its name, default, check and meaning. The reading of configuration, the search for unknown
/// names, <c>--help</c> and the tests of appsettings.json and README all go by this list.
/// </summary>
internal static class KnownSettings
{
    public static readonly Setting<IReadOnlyList<string>> Urls = new(
        "Urls", "http://localhost:8080", "a list like http://localhost:8080 (* for every address)", "where HTTP listens", SettingParsers.Urls);

    public static readonly Setting<IReadOnlyList<IPEndPoint>> RainListen = new(
        "Rain:Listen", "127.0.0.1:1980,127.0.0.1:1981,127.0.0.1:1982", "a list of different UDP endpoints, address:port, with commas",
        "UDP endpoints of the local rain server", EndPoints);

    public static readonly Setting<string> RainServers = new(
        "Rain:Servers", "servers.json", "the path of a JSON file", "the servers list file; edits are picked up while running", SettingParsers.Path);

    public static readonly Setting<string> RainSecret = new(
        "Rain:Secret", "", "a text of at least 16 characters without commas", "cluster secret that seals every datagram", Secret)
    { IsSecret = true };

    public static readonly Setting<IReadOnlyList<string>> RainSecretsAccepted = new(
        "Rain:SecretsAccepted", "", "a list of texts of at least 16 characters, with commas",
        "further secrets accepted while Rain:Secret is being changed", Secrets)
    { IsSecret = true };

    public static readonly Setting<bool> RainAllowUnsealed = new(
        "Rain:AllowUnsealed", "false", "true or false", "permits a non-loopback Rain:Listen without a secret", Flag);

    public static readonly Setting<IReadOnlyList<IPNetwork>> RainClassicAllow = new(
        "Rain:Classic:Allow", "", "a list of networks like 10.0.0.0/8, with commas", "networks that may speak wire format 1, that of 2012", Networks);

    public static readonly Setting<long> RainMaxRate = new(
        "Rain:MaxRateBytesPerSecond", "0", "a whole number, 0 for none,", "ceiling of the rain server over all subscribers", Count);

    public static readonly Setting<int> RainMaxSubscribers = new(
        "Rain:MaxSubscribers", "10000", "a whole number from 1 to 1000000", "subscribers beyond which BUSY is answered", Whole(1, 1_000_000));

    public static readonly Setting<int> RainReceiveLoops = new(
        "Rain:ReceiveLoops", "0", "a whole number from 0 to 64",
        "threads that serve each endpoint, and that fetch; 0: a quarter of the cores, 4 at most", Whole(0, 64));

    public static readonly Setting<string> RainCode = new(
        "Rain:Code", FountainCodes.TryGet("raptorq", out _) ? "raptorq" : "lt", $"one of {string.Join(", ", FountainCodes.All.Select(code => code.Name))}",
        "erasure code of new resources", Code);

    public static readonly Setting<int> RainSymbolSize = new(
        "Rain:SymbolSize", "1408", $"a whole number from {ResourceLayout.SymbolSizeMin} to {ResourceLayout.SymbolSizeMax}",
        "bytes of a symbol of new resources, which is the payload of a droplet", Whole(ResourceLayout.SymbolSizeMin, ResourceLayout.SymbolSizeMax));

    public static readonly Setting<int> RainBlockSize = new(
        "Rain:BlockSize", "1048576", $"a whole number from {ResourceLayout.SymbolSizeMin} to {ResourceLayout.BlockBytesMax}",
        "bytes of a source block of new resources", Whole(ResourceLayout.SymbolSizeMin, ResourceLayout.BlockBytesMax));

    public static readonly Setting<TimeSpan> RainDiscoverySeconds = new(
        "Rain:DiscoverySeconds", "2", "a number of seconds from 0.05 to 600", "until a GET that no server answers is given up with 504", Seconds(0.05, 600));

    public static readonly Setting<TimeSpan> RainStallSeconds = new(
        "Rain:StallSeconds", "10", "a number of seconds from 0.1 to 3600", "until a fetch whose servers fell silent is given up", Seconds(0.1, 3600));

    public static readonly Setting<bool> RainBackground = new(
        "Rain:Background", "false", "true or false", "fetches yield to everything else on the way: they take only what nobody wants", Flag);

    public static readonly Setting<DatagramFaults?> RainFaults = new(
        "Rain:Faults", "", "a list like loss=0.1,duplicate=0.1,reorder=0.1,seed=1", "faults put under the UDP sockets, for tests", Faults);

    public static readonly Setting<string> StorePath = new(
        "Store:Path", "data", "the path of a folder", "where resources are kept, relative to the working directory", SettingParsers.Path);

    public static readonly Setting<long> StoreQuotaBytes = new(
        "Store:QuotaBytes", "0", "a whole number, 0 for none,", "limit for what was fetched; what was put does not count", Count);

    public static readonly Setting<bool> PropagateOnStartup = new(
        "Behaviour:PropagateOnStartup", "false", "true or false", "offers everything kept here to the other servers at start", Flag);

    public static readonly Setting<bool> AutoAddPeers = new(
        "Behaviour:AutoAddPeers", "true", "true or false", "adds nodes that propagate something to the servers asked", Flag);

    public static readonly Setting<bool> ShareContent = new(
        "Behaviour:ShareContent", "true", "true or false", "keeps what was fetched and rains it on", Flag);

    public static readonly Setting<IReadOnlyList<byte[]>> GatewayKeys = new(
        "Gateway:Keys", "", "a list of keys, as they are or as sha256: and 64 hexadecimal digits, with commas",
        "bearer keys that writes need once there is one", Keys)
    { IsSecret = true, IsLive = true };

    public static readonly Setting<bool> ProtectReads = new(
        "Gateway:ProtectReads", "false", "true or false", "reads need a key too", Flag)
    { IsLive = true };

    public static readonly Setting<long> MaxBodyBytes = new(
        "Gateway:MaxBodyBytes", "0", "a whole number, 0 for none,", "largest body of an upload; 413 beyond", Count)
    { IsLive = true };

    public static readonly Setting<int> MaxPendingUploads = new(
        "Gateway:MaxPendingUploads", "1000", "a whole number from 1 to 100000", "uploads in several requests under way at once; 503 beyond", Whole(1, 100_000));

    public static readonly Setting<TimeSpan> PendingUploadSeconds = new(
        "Gateway:PendingUploadSeconds", "86400", "a number of seconds from 1 to 31536000",
        "how long an upload in several requests is kept after its last one", Seconds(1, 31_536_000));

    public static readonly Setting<TimeSpan> ReplicaSeconds = new(
        "Gateway:ReplicaSeconds", "30", "a number of seconds from 0.1 to 3600",
        "how long an upload with ?replicas=n waits for them before it answers 202", Seconds(0.1, 3600))
    { IsLive = true };

    public static readonly Setting<int> MaxRequestsPerSecond = new(
        "Gateway:MaxRequestsPerSecond", "0", "a whole number, 0 for none,", "requests a second of one client address; 429 beyond", Whole(0, 1_000_000))
    { IsLive = true };

    public static readonly Setting<int> MaxConcurrentRequests = new(
        "Gateway:MaxConcurrentRequests", "0", "a whole number, 0 for none,", "requests in work at once; 503 beyond", Whole(0, 1_000_000))
    { IsLive = true };

    public static readonly Setting<IReadOnlyList<string>> CorsOrigins = new(
        "Gateway:CorsOrigins", "", "a list of origins like https://example.org, with commas (* for all)",
        "pages of other origins that may use the API", Origins)
    { IsLive = true };

    public static readonly Setting<string> OtlpEndpoint = new(
        "Gateway:OtlpEndpoint", "", "an address like http://localhost:4318", "where metrics and traces are sent to, as OTLP over HTTP", Address);

    public static readonly Setting<TimeSpan> ShutdownSeconds = new(
        "Gateway:ShutdownSeconds", "10", "a number of seconds from 0 to 3600",
        "how long running responses may go on when the process is asked to end", Seconds(0, 3600))
    { IsLive = true };

    private static bool Code(string text, out string value) => FountainCodes.TryGet(value = text, out _);

    /// <summary>Every setting, in the order of the documents.</summary>
    public static ImmutableArray<Setting> All { get; } =
    [
        Urls,
        RainListen, RainServers, RainSecret, RainSecretsAccepted, RainAllowUnsealed, RainClassicAllow, RainMaxRate, RainMaxSubscribers,
        RainReceiveLoops, RainCode, RainSymbolSize, RainBlockSize, RainDiscoverySeconds, RainStallSeconds, RainBackground, RainFaults,
        StorePath, StoreQuotaBytes,
        PropagateOnStartup, AutoAddPeers, ShareContent,
        GatewayKeys, ProtectReads, MaxBodyBytes, MaxPendingUploads, PendingUploadSeconds, ReplicaSeconds, MaxRequestsPerSecond,
        MaxConcurrentRequests, CorsOrigins, OtlpEndpoint, ShutdownSeconds,
    ];

    /// <summary>The sections in which any other name is a mistake.</summary>
    public static ImmutableArray<string> OwnSections { get; } = ["Rain", "Store", "Behaviour", "Gateway"];

    /// <summary>What else the framework and the logger read.</summary>
    public static ImmutableArray<string> ForeignSections { get; } =
        ["Urls", "Kestrel", "Serilog", "Logging", "AllowedHosts", "applicationName", "contentRoot", "environment"];
}
