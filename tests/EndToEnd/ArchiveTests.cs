using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace EndToEnd;

/// <summary>Pieces on real processes, which are killed. Six nodes: what is archived has two or three pieces on each, and outlives one of
/// them.</summary>
[Collection(nameof(Alone))]
public sealed class ArchiveTests
{
    private const int Length = 3_000_001;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_job_goes_on_after_a_kill_and_what_it_made_is_read_until_too_few_pieces_are_left()
    {
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(12);
        var nodes = await Task.WhenAll(Enumerable.Range(0, 6).Select(
            i => GatewayProcess.StartAsync(folder[$"node{i}"], ports[6 + i], [ports[i]], ports[..6])));
        try
        {
            using var http = new HttpClient();
            var bytes = new byte[Length];
            new TestBytes(1, Length).ReadExactly(bytes);
            await GatewayProcess.WaitUntilAsync(
                async () => (await nodes[0].GetJsonAsync("/nodes")).GetProperty("items").GetArrayLength() == 6, "six nodes");
            using var put = await http.PutAsync(
                new Uri($"{nodes[0].Url}/resources/7?replicas=3"), new ByteArrayContent(bytes), Cancellation);
            Assert.Equal(HttpStatusCode.Created, put.StatusCode);

            // The node that runs the job dies in its midst, and goes on when it is there again.
            using var started = await http.PostAsJsonAsync(
                new Uri($"{nodes[1].Url}/resources/7/archive"), new { force = true }, Cancellation);
            Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
            var path = started.Headers.Location!.OriginalString;
            await nodes[1].KillAsync();
            await nodes[1].StartAgainAsync();
            var job = await EndAsync(nodes[1], path);
            var listed = (await nodes[1].GetJsonAsync("/resources")).GetProperty("items")[0];
            Assert.Equal("archived", listed.GetProperty("storage").GetString());

            // Two that have three pieces each, and are neither the reader nor the one that runs jobs.
            var reader = nodes[2];
            var own = (await reader.GetJsonAsync("/nodes")).GetProperty("items")[0].GetProperty("id").GetString();
            var runner = (await nodes[1].GetJsonAsync("/nodes")).GetProperty("items")[0].GetProperty("id").GetString();
            var victims = job.GetProperty("pieces").EnumerateArray().Select(piece => piece.GetProperty("node").GetString())
                .GroupBy(node => node).Where(node => node.Count() == 3 && node.Key != own && node.Key != runner).Take(2)
                .Select(node => node.Key!).ToList();
            var dead = new List<GatewayProcess>();
            foreach (var node in nodes)
            {
                if (victims.Contains((await node.GetJsonAsync("/nodes")).GetProperty("items")[0].GetProperty("id").GetString()!))
                {
                    dead.Add(node);
                }
            }

            // What was read before stays with the reader for a while, so that he reads as little as shows that it goes.
            await dead[0].KillAsync();
            Assert.Equal((HttpStatusCode.PartialContent, true), await GetAsync(nodes[1], $"bytes=0-{Length - 1}"));
            await dead[1].KillAsync();
            using (var refused = await http.GetAsync(new Uri($"{reader.Url}/resources/7"), Cancellation))
            {
                Assert.Equal(HttpStatusCode.GatewayTimeout, refused.StatusCode);
                var problem = await refused.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
                Assert.Equal("/problems/pieces-missing", problem.GetProperty("type").GetString());
                Assert.Contains("6 of its pieces", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
            }

            await dead[1].StartAgainAsync();
            await GatewayProcess.WaitUntilAsync(
                async () => await GetAsync(reader, null) is (HttpStatusCode.OK, true), "what a node had is back with it");
            Assert.Equal((HttpStatusCode.PartialContent, true), await GetAsync(reader, "bytes=1500000-2000000"));

            // And back to copies, without the one that is still dead.
            await dead[0].StartAgainAsync();
            using var back = await http.DeleteAsync(new Uri($"{reader.Url}/resources/7/archive"), Cancellation);
            Assert.Equal(HttpStatusCode.Accepted, back.StatusCode);
            await EndAsync(reader, back.Headers.Location!.OriginalString);
            Assert.Equal((HttpStatusCode.OK, true), await GetAsync(dead[1], null));

            async Task<(HttpStatusCode Status, bool IsRight)> GetAsync(GatewayProcess node, string? range)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{node.Url}/resources/7"));
                request.Headers.Range = range is null ? null : System.Net.Http.Headers.RangeHeaderValue.Parse(range);
                using var answer = await http.SendAsync(request, Cancellation);
                var body = await answer.Content.ReadAsByteArrayAsync(Cancellation);
                var from = (int)(answer.Content.Headers.ContentRange?.From ?? 0);
                return (answer.StatusCode, body.AsSpan().SequenceEqual(bytes.AsSpan(from, Math.Min(body.Length, Length - from)))
                    && answer.Headers.ETag?.Tag == put.Headers.ETag?.Tag);
            }
        }
        finally
        {
            foreach (var node in nodes)
            {
                await node.DisposeAsync();
            }
        }
    }

    private static async Task<JsonElement> EndAsync(GatewayProcess node, string job)
    {
        var state = await node.GetJsonAsync(job);
        await GatewayProcess.WaitUntilAsync(
            async () => (state = await node.GetJsonAsync(job)).GetProperty("state").GetString() != "running", "the job ends");
        Assert.Equal("completed", state.GetProperty("state").GetString());
        return state;
    }
}
