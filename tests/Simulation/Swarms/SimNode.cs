using PouringRain.Protocol;

namespace Simulation.Swarms;

/// <summary>A machine of a swarm: it fetches a version and rains on what it holds, through one link.</summary>
public sealed class SimNode : IDisposable
{
    /// <param name="world">The world.</param>
    /// <param name="index">Its number, from which come address and identity; 0 is the seeder.</param>
    /// <param name="content">The version; null when it holds nothing at first.</param>
    /// <param name="ceiling">What its servers send at most, bytes of datagrams a second; 0 for no ceiling.</param>
    public SimNode(SimWorld world, int index, SimContent? content, long ceiling)
    {
        Index = index;
        Swarms = new SwarmTable();
        Identity = new NodeId((ulong)index + 1);
        Server = new SimServer(world, PeerAddress.FromIPv4(0x0A00_0001 + (uint)index, 1980), new RainServerOptions
        {
            TokenKey = new byte[32],
            Ceiling = RainCeiling.Of(ceiling),
            Node = Identity,
            Swarms = Swarms,
        });
        if (content is not null)
        {
            Server.Catalog.Add(SwarmScenario.Id, content);
        }
    }

    public int Index { get; }

    public NodeId Identity { get; }

    public SwarmTable Swarms { get; }

    public SimServer Server { get; }

    /// <summary>Where it fetches from.</summary>
    public PeerAddress ClientAddress => Server.Address with { Port = 4000 };

    /// <summary>What others get of it, when that is not what it holds.</summary>
    public SimContent? Pretended { get; set; }

    public SimClient? Client { get; private set; }

    /// <summary>What it holds of the version, once its fetch knows which.</summary>
    public SimContent? Content { get; private set; }

    /// <summary>Begins to fetch the version from a list of servers.</summary>
    /// <param name="original">The version in the seeder's hands, from which what comes is checked.</param>
    /// <param name="servers">The list.</param>
    /// <param name="isOrdered">Whether somebody reads it in order.</param>
    /// <param name="findsOthersFirst">Whether it looks for others before it has the manifest, where it is long.</param>
    public SimClient Fetch(SimContent original, IReadOnlyList<PeerAddress> servers, bool isOrdered, bool findsOthersFirst)
    {
        var world = Server.World;
        var swarm = new FetchSwarm { Table = Swarms, Node = Identity, RainPort = Server.Address.Port };
        var options = new FetchOptions
        {
            Swarm = findsOthersFirst ? swarm : swarm with { ShortManifestBytes = int.MaxValue },
            StallTimeout = TimeSpan.FromSeconds(60),
        };
        var request = new FetchRequest { Resource = SwarmScenario.Id, Servers = servers, IsOrdered = isOrdered };
        Client = new SimClient(world, ClientAddress, request, options)
        {
            ForgetsBlocks = true,
            Uplink = Server.Uplink,
            Downlink = Server.Downlink,
            FindHeld = manifest =>
            {
                Content = original.WithBlocks([], (uint)Index + 1);
                Server.Catalog.Replace(SwarmScenario.Id, Pretended ?? Content);
                return new ulong[(manifest.Layout.BlockCount + 63) / 64];
            },
            OnBlock = work => Content!.AddBlock(work.BlockIndex),
        };
        return Client;
    }

    /// <summary>It is no more, without a word.</summary>
    public void Kill()
    {
        Server.Kill();
        Client?.Pause(TimeSpan.FromDays(1));
    }

    public void Dispose()
    {
        Server.Dispose();
        Client?.Dispose();
    }
}
