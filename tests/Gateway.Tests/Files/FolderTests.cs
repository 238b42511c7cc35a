using System.Text.Json;

namespace Gateway.Tests.Files;

/// <summary>Listings of folders, of one node and of several.</summary>
public sealed class FolderTests
{
    [Fact]
    public async Task A_folder_tells_its_files_and_folders()
    {
        await using var gateway = await TestGateway.StartAsync();
        Assert.Empty(await NamesAsync(gateway, "/files/"));
        foreach (var path in (string[])["a.txt", "a/1.png", "a/b/2.bin", "a/b/3.bin", "a0", "z%20%3C%26.html", "a%3Ab"])
        {
            Assert.Equal(201, (await gateway.PutAsync($"/files/{path}", TestGateway.Bytes(7))).Status);
        }

        await gateway.PutAsync("/resources/5", [1]);
        Assert.Equal(["a.txt", "a/", "a0", "a:b", "z <&.html"], await NamesAsync(gateway, "/files/"));
        Assert.Equal(["1.png", "b/"], await NamesAsync(gateway, "/files/a/"));
        Assert.Equal(["2.bin", "3.bin"], await NamesAsync(gateway, "/files/a/b/"));

        var listed = await gateway.GetAsync("/files/a/", ("Accept", "application/json"));
        Assert.EndsWith("\n", listed.Text, StringComparison.Ordinal);
        var folder = listed.Json;
        Assert.Equal("a/", folder.GetProperty("path").GetString());
        Assert.True(folder.GetProperty("complete").GetBoolean());
        var file = folder.GetProperty("items")[0];
        Assert.Equal(
            ("1.png", "a/1.png", "file", 7, "image/png"),
            (file.GetProperty("name").GetString(), file.GetProperty("path").GetString(), file.GetProperty("kind").GetString(),
                file.GetProperty("length").GetInt64(), file.GetProperty("contentType").GetString()));
        var resource = (await gateway.GetAsync($"/resources/{file.GetProperty("id").GetString()}/manifest")).Json;
        Assert.Equal(resource.GetProperty("modified").GetDateTimeOffset(), file.GetProperty("modified").GetDateTimeOffset());
        Assert.Equal(resource.GetProperty("etag").GetString(), file.GetProperty("etag").GetString());
        Assert.Equal(
            """{"name":"b","path":"a/b/","kind":"folder"}""", folder.GetProperty("items")[1].GetRawText());

        await gateway.SendAsync("DELETE", "/files/a/1.png", null);
        Assert.Equal(["b/"], await NamesAsync(gateway, "/files/a/"));
        Assert.Equal(404, (await gateway.GetAsync("/files/none/")).Status);
        var noFile = await gateway.GetAsync("/files/a");
        Assert.Equal(404, noFile.Status);
        Assert.Contains("/files/a is a folder", noFile.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_follow_each_other_by_their_next()
    {
        await using var gateway = await TestGateway.StartAsync();
        for (var i = 0; i < 7; i++)
        {
            await gateway.PutAsync($"/files/d/f{i}", [1]);
            await gateway.PutAsync($"/files/d/g{i}/x", [1]);
        }

        var names = new List<string>();
        string? after = "";
        for (var pages = 0; after is not null; pages++)
        {
            Assert.InRange(pages, 0, 5);
            var page = (await gateway.GetAsync(
                $"/files/d/?limit=4&after={Uri.EscapeDataString(after)}", ("Accept", "application/json"))).Json;
            names.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("name").GetString()!));
            after = page.GetProperty("next").GetString();
        }

        Assert.Equal([.. Enumerable.Range(0, 7).Select(i => $"f{i}"), .. Enumerable.Range(0, 7).Select(i => $"g{i}")], names);
        Assert.Equal(400, (await gateway.GetAsync("/files/?limit=0", ("Accept", "application/json"))).Status);
        Assert.Equal(400, (await gateway.GetAsync("/files/?after=a/b/c", ("Accept", "application/json"))).Status);
    }

    [Fact]
    public async Task Json_is_for_who_names_it()
    {
        await using var gateway = await TestGateway.StartAsync();
        (string? Accept, bool IsJson)[] cases =
        [
            (null, false), ("*/*", false), ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false),
            ("application/json", true), ("application/json, text/plain, */*", true), ("text/html, application/json;q=0.5", false),
            ("application/json;q=0", false),
        ];
        foreach (var (accept, isJson) in cases)
        {
            var answer = await gateway.GetAsync("/files/", accept is null ? [] : [("Accept", accept)]);
            Assert.Equal(isJson ? "application/json; charset=utf-8" : "text/html; charset=utf-8", answer["Content-Type"]);
            Assert.Equal("Accept", answer["Vary"]);
        }
    }

    [Fact]
    public async Task The_index_is_one_that_clients_of_nginx_read_and_that_does_nothing()
    {
        await using var gateway = await TestGateway.StartAsync();
        for (var i = 0; i < 31; i++)
        {
            await gateway.PutAsync($"/files/d/{i:D4}", [1]);
        }

        await gateway.PutAsync("/files/d/sub/x", [1]);
        await gateway.PutAsync("/files/d/%3Cscript%3Ealert(1)%E2%80%AE", [1]);
        var index = await gateway.GetAsync("/files/d/?limit=10");
        Assert.Equal(200, index.Status);
        Assert.DoesNotContain("<script", index.Text, StringComparison.Ordinal);
        Assert.DoesNotContain('\u202e', index.Text);
        Assert.Contains("default-src 'none'", index["Content-Security-Policy"], StringComparison.Ordinal);
        var lines = index.Text.Split('\n').Where(line => line.Contains("<a ", StringComparison.Ordinal)).ToArray();
        Assert.Equal(1 + 31 + 2, lines.Length);
        Assert.EndsWith("<a href=\"../\">../</a>", lines[0], StringComparison.Ordinal);
        Assert.Matches(
            "^<a href=\"0000\" type=\"application/octet-stream\">0000</a> +\\d\\d-[A-Z][a-z][a-z]-20\\d\\d \\d\\d:\\d\\d +1$", lines[1]);
        Assert.Matches("^<a href=\"sub/\">sub/</a> +- +-$", lines[^1]);
        Assert.Empty((await gateway.SendAsync("HEAD", "/files/d/", null)).Body);
    }

    [Fact]
    public async Task Every_node_lists_what_all_have_and_fetches_it_by_its_name()
    {
        var ports = TestGateway.FreePorts(2);
        const string secret = "Rain:Secret=a-secret-of-two-nodes";
        await using var one = await TestGateway.StartAsync([ports[1]], [ports[0]], secret, "Cluster:Replicas=1");
        await using var other = await TestGateway.StartAsync([ports[0]], [ports[1]], secret, "Cluster:Replicas=1");
        await EventuallyAsync(async () => Up(await one.GetAsync("/cluster")) == 2 && Up(await other.GetAsync("/cluster")) == 2);
        for (var i = 0; i < 40; i++)
        {
            await (i % 2 == 0 ? one : other).PutAsync($"/files/shared/{i:D2}.txt", TestGateway.Bytes(100 + i));
        }

        string[] all = [.. Enumerable.Range(0, 40).Select(i => $"{i:D2}.txt")];
        Assert.Equal(all, await NamesAsync(one, "/files/shared/"));
        Assert.Equal(all, await NamesAsync(other, "/files/shared/"));
        Assert.Equal(TestGateway.Bytes(101), (await one.GetAsync("/files/shared/01.txt")).Body);
        Assert.Equal(TestGateway.Bytes(100), (await other.GetAsync("/files/shared/00.txt")).Body);

        // What was put at the one and is not here is copied all the same.
        Assert.Equal(201, (await other.SendAsync("POST", "/files/shared/00.txt?copyTo=copy.txt", null)).Status);
        Assert.Equal(TestGateway.Bytes(100), (await one.GetAsync("/files/copy.txt")).Body);
        Assert.Equal(204, (await other.SendAsync("DELETE", "/files/shared/00.txt", null)).Status);
        Assert.Equal(all[1..], await NamesAsync(other, "/files/shared/"));
    }

    private static int Up(Answer cluster) => cluster.Json.GetProperty("nodes").GetProperty("up").GetInt32();

    private static async Task<IReadOnlyList<string>> NamesAsync(TestGateway gateway, string path)
    {
        var answer = await gateway.GetAsync(path, ("Accept", "application/json"));
        Assert.Equal(200, answer.Status);
        return [.. answer.Json.GetProperty("items").EnumerateArray().Select(Key)];
    }

    private static string Key(JsonElement item) =>
        item.GetProperty("name").GetString() + (item.GetProperty("kind").GetString() == "folder" ? "/" : "");

    private static async Task EventuallyAsync(Func<Task<bool>> isSo)
    {
        for (var tries = 0; !await isSo(); tries++)
        {
            Assert.InRange(tries, 0, 100);
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }
}
