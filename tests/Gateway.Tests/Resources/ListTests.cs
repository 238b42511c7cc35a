namespace Gateway.Tests.Resources;

public sealed class ListTests
{
    [Fact]
    public async Task Pages_follow_each_other_in_order_of_ids_until_the_end()
    {
        await using var gateway = await TestGateway.StartAsync();
        string[] ids = ["3", "20", "100", "9223372036854775808", "18446744073709551615"];
        foreach (var id in ids.Reverse())
        {
            await gateway.PutAsync($"/resources/{id}", [1]);
        }

        await gateway.PutAsync("/resources/50", [1]);
        await gateway.SendAsync("DELETE", "/resources/50", null);
        var seen = new List<string>();
        var next = "";
        do
        {
            var page = (await gateway.GetAsync($"/resources?limit=2{(next.Length == 0 ? "" : $"&after={next}")}")).Json;
            var items = page.GetProperty("items").EnumerateArray().ToList();
            Assert.InRange(items.Count, 1, 2);
            seen.AddRange(items.Select(item => item.GetProperty("id").GetString()!));
            next = page.GetProperty("next").GetString() ?? "";
        }
        while (next.Length > 0);
        Assert.Equal(ids, seen);
    }

    [Theory]
    [InlineData("sort=name", "20 3 100")]
    [InlineData("sort=name&order=desc", "100 3 20")]
    [InlineData("sort=length", "100 3 20")]
    [InlineData("sort=length&order=desc", "20 3 100")]
    [InlineData("sort=modified", "3 20 100")]
    [InlineData("sort=type", "100 20 3")]
    [InlineData("sort=type&order=desc", "3 20 100")]
    [InlineData("search=e", "3 20 100")]
    [InlineData("search=i", "3 20 100")]
    [InlineData("search=p&order=desc", "100 20 3")]
    [InlineData("search=w%20n&sort=modified&order=desc", "3 20")]
    [InlineData("order=desc", "100 20 3")]
    [InlineData("search=ZWEI", "20")]
    [InlineData("search=text%20plain", "3 20")]
    [InlineData("search=0x64", "100")]
    [InlineData("search=nothing", "")]
    public async Task A_list_is_sorted_and_searched_as_it_is_asked(string query, string ids)
    {
        await using var gateway = await TestGateway.StartAsync();
        await gateway.PutAsync(
            "/resources/3", new byte[20], ("Content-Type", "text/plain"), ("Content-Disposition", "inline; filename=\"eins zwoelf\""));
        await gateway.PutAsync(
            "/resources/20", new byte[30], ("Content-Type", "text/plain"), ("Content-Disposition", "inline; filename=\"Drei zwei\""));
        await gateway.PutAsync(
            "/resources/100", new byte[10], ("Content-Type", "image/png"), ("Content-Disposition", "inline; filename=\"vier\""));
        var seen = new List<string>();
        var next = "";
        do
        {
            var page = (await gateway.GetAsync($"/resources?limit=1&{query}{next}")).Json;
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!));
            next = page.GetProperty("next").GetString() is { } after ? $"&after={after}" : "";
        }
        while (next.Length > 0);
        Assert.Equal(ids, string.Join(' ', seen));
    }

    [Theory]
    [InlineData("sort=size", "invalid-parameter")]
    [InlineData("order=up", "invalid-parameter")]
    [InlineData("limit=1001", "invalid-parameter")]
    [InlineData("after=x", "invalid-resource-id")]
    [InlineData("after=1.abc", "invalid-resource-id")]
    [InlineData("sort=name&after=1", "invalid-resource-id")]
    [InlineData("sort=name&after=1.%2A", "invalid-resource-id")]
    [InlineData("after=*", "invalid-resource-id")]
    [InlineData("after=1*", "invalid-resource-id")]
    [InlineData("sort=length&after=1.bmFtZQ", "invalid-resource-id")]
    public async Task What_a_list_cannot_be_asked_is_said(string query, string problem)
    {
        await using var gateway = await TestGateway.StartAsync();
        Assert.Equal(problem, (await gateway.GetAsync($"/resources?{query}")).Problem);
    }

    [Fact]
    public async Task The_manifest_tells_the_digest_of_every_block()
    {
        await using var gateway = await TestGateway.StartAsync("Rain:BlockSize=65536");
        var bytes = TestGateway.Bytes(200_000);
        var put = await gateway.PutAsync("/resources/9", bytes);
        var answer = await gateway.GetAsync("/resources/9/manifest");
        Assert.Equal(put.ETag, answer.ETag);
        Assert.Equal(
            bytes.Chunk(65_536).Select(block => Blake3.Hasher.Hash(block).ToString()),
            answer.Json.GetProperty("blockDigests").EnumerateArray().Select(digest => digest.GetString()));
        Assert.Equal(4, answer.Json.GetProperty("blocks").GetInt32());
        await gateway.SendAsync("DELETE", "/resources/9", null);
        Assert.Equal("gone", (await gateway.GetAsync("/resources/9/manifest")).Problem);
    }

    [Fact]
    public async Task Propagation_answers_with_the_count()
    {
        await using var gateway = await TestGateway.StartAsync();
        await gateway.PutAsync("/resources/9", [1]);
        var answer = await gateway.SendAsync("POST", "/resources/9/propagate", null);
        Assert.Equal(202, answer.Status);
        Assert.Equal(1, answer.Json.GetProperty("replicas").GetInt32());
    }
}
