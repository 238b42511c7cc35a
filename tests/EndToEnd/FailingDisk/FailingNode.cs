using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace EndToEnd.FailingDisk;

/// <summary>A gateway whose disk fails when it is told to, an honest node that it fetches from, and plain HTTP to both.</summary>
internal sealed class FailingNode : IAsyncDisposable
{
    private readonly HttpClient _http = new() { Timeout = Tool.HangLimit };

    private FailingNode(DiskFaults faults, GatewayProcess gateway, GatewayProcess node)
    {
        Faults = faults;
        Gateway = gateway;
        Node = node;
    }

    public DiskFaults Faults { get; }

    public GatewayProcess Gateway { get; }

    public GatewayProcess Node { get; }

    /// <summary>Starts both.</summary>
    /// <param name="library">What the gateway has preloaded.</param>
    /// <param name="folder">Their folder.</param>
    /// <param name="name">Of the gateway's folder in it.</param>
    /// <param name="isTold">Whether the node tells the gateway of what it is given, so that it has it before it is asked.</param>
    public static async Task<FailingNode> StartAsync(string library, TestFolder folder, string name, bool isTold)
    {
        var faults = DiskFaults.Create(library, folder[name]);
        var ports = GatewayProcess.FreePorts(4);

        // However slow the machine is, nobody is given up.
        string[] settings =
        [
            "Rain:BlockSize=65536", "Rain:DiscoverySeconds=60", "Rain:StallSeconds=60", "Gateway:ReplicaSeconds=5",
            "Serilog:MinimumLevel:Default=Warning",
        ];
        var node = await GatewayProcess.StartAsync(
            folder[name + "-source"], ports[0], [ports[1]], isTold ? [ports[1], ports[3]] : [ports[1]], settings);
        var gateway = await GatewayProcess.StartAsync(faults.Limits, folder[name], ports[2], [ports[3]], [ports[1], ports[3]], settings);
        return new FailingNode(faults, gateway, node);
    }

    /// <summary>Sends a request, and reads the answer to its end.</summary>
    /// <returns>Status 0 when there was no whole answer.</returns>
    public async Task<(int Status, byte[] Body, HttpResponseHeaders? Headers)> SendAsync(
        GatewayProcess to, string method, string path, byte[]? body = null, params (string Name, string Value)[] fields)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(to.Url + path));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
        }

        foreach (var (name, value) in fields)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        try
        {
            using var response = await _http.SendAsync(request);
            return ((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(), response.Headers);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return (0, [], null);
        }
    }

    /// <summary>Waits until the gateway says that it takes work.</summary>
    public Task WaitUntilReadyAsync() => GatewayProcess.WaitUntilAsync(
        async () => (await SendAsync(Gateway, "GET", "/health/ready")).Status == (int)HttpStatusCode.OK, "ready again");

    /// <summary>Waits until every transfer of the gateway that was begun has ended, with all that it still has to do on the disk.</summary>
    public Task WaitUntilTransfersEndAsync() => GatewayProcess.WaitUntilAsync(
        async () =>
        {
            // They are numbered from 1.
            var begun = (await Gateway.GetJsonAsync("/transfers")).GetProperty("items").EnumerateArray()
                .Select(transfer => long.Parse(transfer.GetProperty("id").GetString()!, CultureInfo.InvariantCulture))
                .DefaultIfEmpty().Max();
            return await CountTransfersEndedAsync() >= begun;
        },
        "the end of all transfers");

    private async Task<long> CountTransfersEndedAsync()
    {
        var (_, body, _) = await SendAsync(Gateway, "GET", "/metrics");
        return System.Text.Encoding.UTF8.GetString(body).Split('\n')
            .Where(line => line.StartsWith("rain_transfers_ended_total", StringComparison.Ordinal))
            .Sum(line => long.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    /// <summary><c>kill -9</c>, and another start in the same folder.</summary>
    public async Task KillAndStartAgainAsync()
    {
        await Gateway.KillAsync();
        await Gateway.StartAgainAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Node.DisposeAsync();
        Faults.Dispose();
        _http.Dispose();
    }
}
