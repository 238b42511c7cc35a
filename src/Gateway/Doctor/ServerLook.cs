using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Gateway.Access;
using Gateway.Configuration;
using MurkyWaters.Servers;
using PouringRain.Network;
using PouringRain.Protocol;

namespace Gateway.Doctor;

/// <summary>Whether the servers of servers.json answer: each is asked for a resource that nobody has, as a fetch would ask it.</summary>
internal static class ServerLook
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The servers of servers.json; null where it is none, which the look at the settings has said.</summary>
    public static async Task<IReadOnlyList<ServerName>?> ReadAsync(GatewaySettings settings)
    {
        try
        {
            return ServersFile.Parse(await File.ReadAllBytesAsync(settings.Rain.ServersFile));
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static async IAsyncEnumerable<Finding> LookAsync(
        GatewaySettings settings, IReadOnlyList<ServerName>? servers, bool isRunning)
    {
        if (servers is null)
        {
            yield break;
        }

        if (servers.Count == 0)
        {
            if (settings.Cluster.Etcd.Count > 0)
            {
                yield return Finding.Ok("servers", $"{settings.Rain.ServersFile} names no server: the others are found in etcd.");
                yield break;
            }

            yield return Finding.Warning(
                "servers", $"{settings.Rain.ServersFile} names no server.",
                "Name the rain ports of the other nodes there; without any, only what is here can be sent.");
            yield break;
        }

        var (seal, unfit) = SealOf(settings);
        if (unfit is not null)
        {
            yield return Finding.Problem("secret", "The secret of this node's own is not fit for use.", unfit);
            yield break;
        }

        await using var client = new RainClient(new RainClientOptions { WorkerCount = 1, Seal = seal });
        var findings = await Task.WhenAll(servers.Select(server => LookAsync(client, server, settings, isRunning)));
        foreach (var finding in findings)
        {
            yield return finding;
        }
    }

    private static async Task<Finding> LookAsync(RainClient client, ServerName server, GatewaySettings settings, bool isRunning)
    {
        var rain = settings.Rain;
        if (server.IsClassic)
        {
            return Finding.Ok("server", $"{server} speaks format 1, which has no answer for what is not there: it was not asked.");
        }

        if (await ResolveAsync(server) is not { } endPoint)
        {
            return Finding.Problem(
                "server", $"{server}: the name is not known.", "Correct it in servers.json, or the name server's entry.");
        }

        if (!isRunning && rain.Listen.Any(
            own => own.Port == endPoint.Port && (own.Address.Equals(endPoint.Address) || own.Address.Equals(IPAddress.Any))))
        {
            return Finding.Ok("server", $"{server} is this gateway's own, which does not run just now.");
        }

        var request = new FetchRequest
        {
            Resource = new ResourceId(RandomNumber.Draw()),
            Servers = [PeerAddress.From(endPoint)],
            DemandLength = 0,
        };
        var handle = client.StartFetch(request, new FetchOptions { DiscoveryTimeout = Patience }, new NoSink());
        var end = await handle.Completion;
        if (end is FetchEndReason.NotFound or FetchEndReason.Completed)
        {
            var roundTrip = handle.Snapshot.Sources.Select(source => source.RoundTrip).FirstOrDefault();
            return Finding.Ok(
                "server", string.Create(CultureInfo.InvariantCulture, $"{server} answers after {roundTrip.TotalMilliseconds:F1} ms."));
        }

        if (end == FetchEndReason.Busy)
        {
            return Finding.Warning(
                "server", $"{server} answers that it is busy.", "It has as many subscribers as Rain:MaxSubscribers lets it, or is ending.");
        }

        var seal = RainSeal.IsOwn(settings)
            ? "is it another node? With Gateway:Keys it hears this one by a Rain:Secret that both have"
            : rain.Secret.Length > 0
            ? "has it another Rain:Secret, or none? Its log then says so once a minute"
            : "has it a Rain:Secret, which is missing here";
        return Finding.Problem(
            "server", $"{server} is silent: {Patience.TotalSeconds:F0} s without an answer.",
            $"Does it run, does it listen at this address (Rain:Listen there), does a firewall on the way let UDP {endPoint.Port} pass; "
            + $"{seal}?");
    }

    internal static (SealSettings? Seal, string? Unfit) SealOf(GatewaySettings settings)
    {
        try
        {
            var secret = RainSeal.Find(settings);
            return (secret.Length == 0 ? null : new SealSettings(secret, RainSeal.Accepted(settings)), null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return (null, e.Message);
        }
    }

    internal static async Task<IPEndPoint?> ResolveAsync(ServerName server)
    {
        try
        {
            // As the gateway does: the first address of version 4, or else the first.
            var addresses = await Dns.GetHostAddressesAsync(server.Host);
            var address = addresses.FirstOrDefault(candidate => candidate.AddressFamily == AddressFamily.InterNetwork)
                ?? addresses.FirstOrDefault();
            return address is null ? null : new IPEndPoint(address, server.Port);
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private sealed class NoSink : IFetchSink
    {
        public ReadOnlyMemory<ulong>? OnManifest(Manifest manifest) => ReadOnlyMemory<ulong>.Empty;

        public void OnBlock(int blockIndex, ReadOnlySpan<byte> block)
        {
        }

        public void OnSourceEvent(FetchEvent fetchEvent)
        {
        }
    }
}
