namespace Gateway.Tests.Resources;

/// <summary>The paths of the 2012 front.</summary>
public sealed class ClassicPathTests : IClassFixture<SharedGateway>
{
    private readonly TestGateway _gateway;

    public ClassicPathTests(SharedGateway shared) => _gateway = shared.Gateway;

    [Fact]
    public async Task An_upload_answers_as_it_did_and_is_the_same_resource()
    {
        var put = await _gateway.PutAsync("/4711", [1, 2]);
        Assert.Equal(200, put.Status);
        Assert.Equal("{\"response\":\"Ok.\"}\n", put.Text);
        Assert.Equal("/resources/4711", put["Location"]);
        Assert.Equal((byte[])[1, 2], (await _gateway.GetAsync("/4711")).Body);
        Assert.Equal((byte[])[1, 2], (await _gateway.GetAsync("/0x1267")).Body);
        Assert.Equal((byte[])[2], (await _gateway.GetAsync("/resources/4711", ("Range", "bytes=1-"))).Body);
        Assert.Equal(200, (await _gateway.PutAsync("/4711", [3])).Status);
    }

    [Theory]
    [InlineData("/", "text/html")]
    [InlineData("/index.html", "text/html")]
    [InlineData("/servers", "application/json; charset=utf-8")]
    [InlineData("/robots.txt", "text/plain")]
    [InlineData("/favicon.ico", "image/x-icon")]
    [InlineData("/favicon.svg", "image/svg+xml")]
    [InlineData("/metrics", "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("/swagger/index.html", "text/html; charset=utf-8")]
    public async Task Ids_at_the_top_hide_nothing_else(string path, string contentType)
    {
        var answer = await _gateway.GetAsync(path);
        Assert.Equal(200, answer.Status);
        Assert.Equal(contentType, answer["Content-Type"]);
    }

    /// <summary>What browsers and crawlers ask everybody for is not there, and is no wrong number.</summary>
    [Theory]
    [InlineData("/apple-touch-icon.png")]
    [InlineData("/apple-touch-icon-120x120-precomposed.png")]
    [InlineData("/sitemap.xml")]
    [InlineData("/.well-known/security.txt")]
    [InlineData("/.well-known")]
    [InlineData("/wp-login.php")]
    [InlineData("/s")]
    public async Task What_is_called_as_files_are_is_not_there(string path)
    {
        foreach (var answer in new[] { await _gateway.GetAsync(path), await _gateway.SendAsync("HEAD", path, null) })
        {
            Assert.Equal(404, answer.Status);
            Assert.StartsWith("application/problem+json", answer["Content-Type"], StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/nodes")]
    [InlineData("/deployments")]
    [InlineData("/settings")]
    [InlineData("/links")]
    public async Task Methods_of_the_gateways_own_paths_are_theirs(string path) =>
        Assert.Equal(405, (await _gateway.PutAsync(path, [1])).Status);

    /// <summary>wget -r obeys it, and would put it in among what it has fetched.</summary>
    [Fact]
    public async Task Crawlers_are_told_to_stay_away_and_who_mirrors_is_told_nothing()
    {
        var answer = await _gateway.GetAsync("/robots.txt");
        Assert.Equal(("User-agent: *\nDisallow: /\n", "User-Agent"), (answer.Text, answer["Vary"]));
        Assert.Equal(404, (await _gateway.GetAsync("/robots.txt", ("User-Agent", "Wget/1.25.0"))).Status);
        Assert.Equal(404, (await _gateway.GetAsync("/robots.txt", ("User-Agent", "wget2/2.2.0"))).Status);
    }
}
