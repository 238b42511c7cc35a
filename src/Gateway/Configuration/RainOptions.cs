using System.Net;
using PouringRain.Network;
using PouringRain.Protocol;
using static Gateway.Configuration.SettingForms;

namespace Gateway.Configuration;

/// <summary>Section <c>Rain</c>.</summary>
internal sealed class RainOptions(SettingsReader reader)
{
    public IReadOnlyList<IPEndPoint> Listen { get; } = reader.Read(
        "Rain:Listen", "127.0.0.1:1980,127.0.0.1:1981,127.0.0.1:1982", EndPoints, "UDP endpoints of the local rain server");

    /// <summary>The absolute path of servers.json.</summary>
    public string ServersFile { get; } = reader.FindFile(reader.Read(
        "Rain:Servers", "servers.json", FilePath, "the servers list file; edits are picked up while running"));

    /// <summary>Seals every datagram; empty is none.</summary>
    public string Secret { get; } = reader.Read(
        "Rain:Secret", "", SettingForms.Secret, "cluster secret that seals every datagram", SettingTraits.Secret);

    public IReadOnlyList<string> SecretsAccepted { get; } = reader.Read(
        "Rain:SecretsAccepted", "", Secrets, "further secrets accepted while Rain:Secret is being changed", SettingTraits.Secret);

    public bool AllowUnsealed { get; } = reader.Read(
        "Rain:AllowUnsealed", "false", Flag, "permits a non-loopback Rain:Listen without a secret");

    public IReadOnlyList<IPNetwork> ClassicAllow { get; } = reader.Read(
        "Rain:Classic:Allow", "", Networks, "networks whose nodes of 2012 are rained on and followed, in wire format 1");

    public long RateBytesPerSecondMax { get; } = reader.Read(
        "Rain:MaxRateBytesPerSecond", "0", Rate, "ceiling of the rain over all endpoints and subscribers, who share it equally");

    public int SubscriberCountMax { get; } = reader.Read(
        "Rain:MaxSubscribers", "10000", Whole(1, 1_000_000), "subscribers beyond which BUSY is answered");

    /// <summary>0: by the cores.</summary>
    public int ReceiveLoopCount { get; } = reader.Read(
        "Rain:ReceiveLoops", "0", Whole(0, 64), "threads that serve each endpoint, and that fetch; 0: a quarter of the cores, 4 at most");

    public string Code { get; } = reader.Read("Rain:Code", "raptorq", SettingForms.Code, "erasure code of new resources");

    public int SymbolSize { get; } = (int)reader.Read(
        "Rain:SymbolSize", "1408", Size(ResourceLayout.SymbolSizeMin, ResourceLayout.SymbolSizeMax),
        "bytes of a symbol of new resources, which is the payload of a droplet");

    /// <summary>0: by the length.</summary>
    public int BlockSize { get; } = (int)reader.Read(
        "Rain:BlockSize", "auto", AutoOr(Size(ResourceLayout.SymbolSizeMin, ResourceLayout.BlockBytesMax)),
        "bytes of a source block of new resources; auto: about 1024 blocks of 64 KiB to 1 MiB, which begin small");

    /// <summary>Bytes of the largest blocks that new resources have.</summary>
    public int LargestBlockSize => BlockSize > 0 ? BlockSize : ResourceLayout.AutoBlockBytes(long.MaxValue, SymbolSize);

    public TimeSpan DiscoveryTimeout { get; } = reader.Read(
        "Rain:DiscoverySeconds", "2s", Duration(0.05, 600), "until a GET that no server answers is given up with 504");

    public TimeSpan StallTimeout { get; } = reader.Read(
        "Rain:StallSeconds", "10s", Duration(0.1, 3600), "until a fetch whose servers fell silent is given up");

    /// <summary>0: a quarter of the memory that the process may use.</summary>
    public long FetchBytesMax { get; } = reader.Read(
        "Rain:FetchMemoryBytes", "0", SizeOrNone,
        "memory of the blocks that all fetches have in work; 0: a quarter of what the process may use");

    public TimeSpan FetchPatience { get; } = reader.Read(
        "Rain:FetchWaitSeconds", "1m", Duration(0, 3600),
        "how long a fetch waits for memory or a place, while no other gets one, before its readers get 503");

    public bool IsBackground { get; } = reader.Read(
        "Rain:Background", "false", Flag, "fetches yield to everything else on the way: they take only what nobody wants");

    public DatagramFaults? Faults { get; } = reader.Read(
        "Rain:Faults", "", SettingForms.Faults, "faults put under the UDP sockets, for tests");
}
