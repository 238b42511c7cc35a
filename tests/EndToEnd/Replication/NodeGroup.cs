using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace EndToEnd.Replication;

/// <summary>Nodes that name each other in their lists, each a process with a folder of its own, and what was put into them.</summary>
internal sealed class NodeGroup : IAsyncDisposable
{
    private static readonly HttpClient Http = new() { Timeout = Tool.HangLimit };
    private readonly List<GatewayProcess> _nodes = [];

    /// <summary>What each resource is to be by now: the SHA-256 of its bytes, or null where it was deleted.</summary>
    private readonly SortedDictionary<string, string?> _expected = new(StringComparer.Ordinal);

    public IReadOnlyList<GatewayProcess> Nodes => _nodes;

    /// <summary>Starts nodes.</summary>
    /// <param name="folder">Where their folders are.</param>
    /// <param name="count">How many.</param>
    /// <param name="settings">The settings of each beside the list.</param>
    /// <param name="limits">What each has of the machine; its clock, too.</param>
    public static async Task<NodeGroup> StartAsync(
        TestFolder folder, int count, Func<int, string[]> settings, Func<int, ProcessLimits?>? limits = null)
    {
        var ports = GatewayProcess.FreePorts(2 * count);
        var rainPorts = ports[..count];
        var group = new NodeGroup();
        group._nodes.AddRange(await Task.WhenAll(Enumerable.Range(0, count).Select(i => GatewayProcess.StartAsync(
            limits?.Invoke(i), folder[$"node{i}"], ports[count + i], [rainPorts[i]], rainPorts, settings(i)))));
        await group.SeeEachOtherAsync(count);
        return group;
    }

    /// <summary>Waits until every node that runs sees so many nodes up.</summary>
    public Task SeeEachOtherAsync(int count) => GatewayProcess.WaitUntilAsync(
        async () =>
        {
            foreach (var node in _nodes.Where(node => !node.Process.HasExited))
            {
                var items = (await node.GetJsonAsync("/nodes")).GetProperty("items").EnumerateArray();
                if (items.Count(item => item.GetProperty("state").GetString() == "up") != count)
                {
                    return false;
                }
            }

            return true;
        },
        $"{count} nodes up");

    /// <summary>PUTs bytes that are drawn anew.</summary>
    public async Task PutAsync(int node, string id, int length)
    {
        var bytes = RandomNumberGenerator.GetBytes(length);
        using var content = new ByteArrayContent(bytes);
        using var response = await Http.PutAsync(new Uri($"{_nodes[node].Url}/resources/{id}"), content);
        Assert.True(response.IsSuccessStatusCode, $"PUT {id} at node {node}: {await response.Content.ReadAsStringAsync()}");
        lock (_expected)
        {
            _expected[id] = Convert.ToHexStringLower(SHA256.HashData(bytes));
        }
    }

    /// <summary>DELETEs.</summary>
    public async Task DeleteAsync(int node, string id)
    {
        using var response = await Http.DeleteAsync(new Uri($"{_nodes[node].Url}/resources/{id}"));
        Assert.True(response.IsSuccessStatusCode, $"DELETE {id} at node {node}: {await response.Content.ReadAsStringAsync()}");
        lock (_expected)
        {
            _expected[id] = null;
        }
    }

    /// <summary>Waits until so many nodes that run have every resource as it is to be, and none has anything else.</summary>
    /// <param name="copies">How many nodes.</param>
    /// <returns>How long that took.</returns>
    public async Task<TimeSpan> SettleAsync(int copies)
    {
        var clock = Stopwatch.StartNew();
        var what = "";
        while ((what = await FindWrongAsync(copies)).Length > 0)
        {
            Assert.True(clock.Elapsed < Tool.HangLimit, $"still after {Tool.HangLimit}: {what}");
            await Task.Delay(100);
        }

        return clock.Elapsed;
    }

    /// <summary>The first thing that is not as it is to be, of what nodes have themselves; empty for nothing.</summary>
    public async Task<string> FindWrongAsync(int copies)
    {
        foreach (var (id, expected) in _expected)
        {
            var found = await Task.WhenAll(_nodes.Where(node => !node.Process.HasExited).Select(node => FindHereAsync(node, id)));
            if (Array.Find(found, hash => hash is not null && hash != expected) is { } wrong)
            {
                return $"{id} is {wrong} at a node, and is to be {expected ?? "deleted"}";
            }

            if (expected is not null && found.Count(hash => hash is not null) < copies)
            {
                return $"{id} is at {found.Count(hash => hash is not null)} nodes of {copies}";
            }
        }

        return "";
    }

    /// <summary>How many nodes that run know that they keep a resource, as the one that keeps it says.</summary>
    public async Task<int> CountKeptAsync(string id)
    {
        var counts = await Task.WhenAll(_nodes.Where(node => !node.Process.HasExited).Select(async node =>
        {
            var items = (await node.GetJsonAsync($"/resources?search={id}")).GetProperty("items").EnumerateArray();
            return items.Where(item => item.GetProperty("id").GetString() == id)
                .Select(item => item.GetProperty("replicas").GetInt32()).FirstOrDefault();
        }));
        return counts.Max();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    /// <summary>The SHA-256 of what a node has of a resource itself; null for nothing.</summary>
    private static async Task<string?> FindHereAsync(GatewayProcess node, string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{node.Url}/resources/{id}"))
        {
            Headers = { CacheControl = new CacheControlHeaderValue { OnlyIfCached = true } },
        };
        using var response = await Http.SendAsync(request);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            Assert.True(
                response.StatusCode is HttpStatusCode.GatewayTimeout or HttpStatusCode.NotFound or HttpStatusCode.Gone,
                string.Create(CultureInfo.InvariantCulture, $"GET {id}: {(int)response.StatusCode}"));
            return null;
        }

        return Convert.ToHexStringLower(await SHA256.HashDataAsync(await response.Content.ReadAsStreamAsync()));
    }
}
