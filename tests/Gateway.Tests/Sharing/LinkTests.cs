using System.Text;

namespace Gateway.Tests.Sharing;

/// <summary>One file of a gateway that is under keys, for anybody.</summary>
public sealed class LinkTests
{
    private const string Key = "rain-or-shine-0123456789";
    private static readonly (string, string) Auth = ("Authorization", $"Bearer {Key}");

    [Fact]
    public async Task Anybody_reads_with_a_link_until_it_ends_and_nothing_else()
    {
        await using var gateway = await StartAsync();
        var bytes = TestGateway.Bytes(300_000);
        Assert.Equal(201, (await gateway.PutAsync("/files/images/disk.iso", bytes, Auth)).Status);
        Assert.Equal(201, (await gateway.PutAsync("/resources/7", [1], Auth)).Status);
        Assert.Equal(401, (await MakeAsync(gateway, """{"path":"images/disk.iso"}""", isKeyGiven: false)).Status);
        var made = await MakeAsync(gateway, """{"path":"/files/images/disk.iso","seconds":60}""");
        Assert.Equal((201, "no-store"), (made.Status, made["Cache-Control"]));
        var url = made.Json.GetProperty("url").GetString()!;
        var id = made.Json.GetProperty("id").GetString()!;
        Assert.Equal($"/links/{id}", made["Location"]);
        Assert.Equal("images/disk.iso", made.Json.GetProperty("path").GetString());
        Assert.Equal(
            TimeSpan.FromSeconds(60),
            made.Json.GetProperty("expires").GetDateTimeOffset() - made.Json.GetProperty("created").GetDateTimeOffset());

        var read = await gateway.GetAsync(url);
        Assert.Equal(
            (200, "no-transform, no-cache, private", "no-referrer", "noindex", "application/x-iso9660-image"),
            (read.Status, read["Cache-Control"], read["Referrer-Policy"], read["X-Robots-Tag"], read["Content-Type"]));
        Assert.Equal(bytes, read.Body);
        Assert.Contains("disk.iso", read["Content-Disposition"], StringComparison.Ordinal);
        var part = await gateway.GetAsync(url, ("Range", "bytes=5-14"));
        Assert.Equal((206, 10), (part.Status, part.Body.Length));
        Assert.Equal(304, (await gateway.GetAsync(url, ("If-None-Match", read.ETag))).Status);
        Assert.Equal(200, (await gateway.SendAsync("HEAD", url, null)).Status);
        Assert.Equal(405, (await gateway.PutAsync(url, [1])).Status);
        Assert.Equal(401, (await gateway.GetAsync("/files/images/disk.iso")).Status);
        Assert.Equal(401, (await gateway.GetAsync("/links")).Status);
        var none = await gateway.GetAsync($"/s/{new string('A', 56)}");
        Assert.Equal((404, "not-found"), (none.Status, none.Problem));
        Assert.Equal(404, (await gateway.GetAsync("/s/x")).Status);

        // What has the name then.
        Assert.Equal(200, (await gateway.PutAsync("/files/images/disk.iso", [1, 2], Auth)).Status);
        Assert.Equal([1, 2], (await gateway.GetAsync(url)).Body);

        var listed = await gateway.GetAsync("/links", Auth);
        var item = Assert.Single(listed.Json.GetProperty("items").EnumerateArray());
        Assert.Equal(id, item.GetProperty("id").GetString());
        Assert.Null(item.GetProperty("url").GetString());
        Assert.DoesNotContain(url[3..], listed.Text, StringComparison.Ordinal);

        gateway.Time.Shift(TimeSpan.FromSeconds(61));
        var late = await gateway.GetAsync(url);
        Assert.Equal((410, "link-ended"), (late.Status, late.Problem));
        Assert.Empty((await gateway.GetAsync("/links", Auth)).Json.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task It_is_revoked_and_one_for_a_download_is_spent()
    {
        await using var gateway = await StartAsync();
        Assert.Equal(201, (await gateway.PutAsync("/resources/7", [1, 2, 3], Auth)).Status);
        var made = await MakeAsync(gateway, """{"id":"7"}""");
        var url = made.Json.GetProperty("url").GetString()!;
        Assert.Equal([1, 2, 3], (await gateway.GetAsync(url)).Body);
        Assert.Equal(401, (await gateway.SendAsync("DELETE", made["Location"]!, null)).Status);
        Assert.Equal(204, (await gateway.SendAsync("DELETE", made["Location"]!, null, Auth)).Status);
        Assert.Equal(404, (await gateway.SendAsync("DELETE", made["Location"]!, null, Auth)).Status);
        Assert.Equal(404, (await gateway.GetAsync(url)).Status);

        var once = (await MakeAsync(gateway, """{"id":7,"once":true}""")).Json.GetProperty("url").GetString()!;
        Assert.Equal(200, (await gateway.SendAsync("HEAD", once, null)).Status);
        Assert.Equal([1], (await gateway.GetAsync(once, ("Range", "bytes=0-0"))).Body);
        Assert.Equal([2, 3], (await gateway.GetAsync(once, ("Range", "bytes=1-"))).Body);
        gateway.Time.Shift(TimeSpan.FromHours(1));
        var spent = await gateway.GetAsync(once);
        Assert.Equal((410, "link-ended"), (spent.Status, spent.Problem));
    }

    [Fact]
    public async Task What_means_nothing_is_refused()
    {
        await using var gateway = await StartAsync();
        foreach (var body in (string[])[
            "",
            "[]",
            "{}",
            """{"id":"7","path":"a"}""",
            """{"id":"x"}""",
            """{"id":-1}""",
            """{"path":"a/"}""",
            """{"path":"../a"}""",
            """{"id":"7","seconds":0}""",
            """{"id":"7","seconds":31622401}""",
            """{"id":"7","seconds":"60"}""",
            """{"id":"7","once":1}""",
            """{"id":"7","for":"me"}"""])
        {
            var answer = await MakeAsync(gateway, body);
            Assert.Equal((400, "invalid-parameter"), (answer.Status, answer.Problem));
        }
    }

    [Fact]
    public async Task There_is_a_link_to_nothing_that_is_not_there()
    {
        await using var gateway = await StartAsync();
        Assert.Equal((404, "not-found"), await StatusAsync("""{"id":"7"}"""));
        Assert.Equal((404, "not-found"), await StatusAsync("""{"path":"a"}"""));
        Assert.Equal(201, (await gateway.PutAsync("/files/a", [1], Auth)).Status);
        var url = (await MakeAsync(gateway, """{"path":"a"}""")).Json.GetProperty("url").GetString()!;
        Assert.Equal(204, (await gateway.SendAsync("DELETE", "/files/a", null, Auth)).Status);
        Assert.Equal((410, "gone"), await StatusAsync("""{"path":"a"}"""));
        Assert.Equal((410, "gone"), ((await gateway.GetAsync(url)).Status, (await gateway.GetAsync(url)).Problem));

        async Task<(int, string)> StatusAsync(string body)
        {
            var answer = await MakeAsync(gateway, body);
            return (answer.Status, answer.Problem);
        }
    }

    private static Task<TestGateway> StartAsync() =>
        TestGateway.StartAsync($"Gateway:Keys={Key}", "Gateway:ProtectReads=true");

    private static Task<Answer> MakeAsync(TestGateway gateway, string body, bool isKeyGiven = true) => gateway.SendAsync(
        "POST", "/links", Encoding.UTF8.GetBytes(body),
        isKeyGiven ? [("Content-Type", "application/json"), Auth] : [("Content-Type", "application/json")]);
}
