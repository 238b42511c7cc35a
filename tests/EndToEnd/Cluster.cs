namespace EndToEnd;

/// <summary>A gateway with an empty store and the nodes that its servers.json names, each a process with a folder of its own.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    private Cluster(GatewayProcess gateway, IReadOnlyList<GatewayProcess> nodes, int[] rainPorts)
    {
        Gateway = gateway;
        Nodes = nodes;
        RainPorts = rainPorts;
    }

    public GatewayProcess Gateway { get; }

    public IReadOnlyList<GatewayProcess> Nodes { get; }

    /// <summary>The nodes' rain ports, in their order.</summary>
    public int[] RainPorts { get; }

    public static async Task<Cluster> StartAsync(TestFolder folder, int nodeCount, string[] nodeSettings, string[] gatewaySettings)
    {
        var ports = GatewayProcess.FreePorts((2 * nodeCount) + 2);
        var rainPorts = ports[..nodeCount];
        var nodes = await Task.WhenAll(Enumerable.Range(0, nodeCount).Select(i =>
            GatewayProcess.StartAsync(folder[$"node{i}"], ports[nodeCount + i], [rainPorts[i]], rainPorts,
            ["Cluster:Replicas=0", .. nodeSettings])));
        var gateway = await GatewayProcess.StartAsync(folder["gateway"], ports[^1], [ports[^2]], rainPorts, gatewaySettings);
        return new Cluster(gateway, nodes, rainPorts);
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        foreach (var node in Nodes)
        {
            await node.DisposeAsync();
        }
    }
}
