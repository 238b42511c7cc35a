namespace Gateway.Tests.Resources;

/// <summary>Media type, file name and disposition: what a sender says of the bytes, and what stays when another sends the same.</summary>
public sealed class DescriptionTests : IClassFixture<SharedGateway>
{
    private readonly TestGateway _gateway;

    public DescriptionTests(SharedGateway shared) => _gateway = shared.Gateway;

    [Fact]
    public async Task Bytes_posted_again_keep_what_was_said_of_them_first()
    {
        var bytes = TestGateway.Bytes(2000);
        var first = await PostAsync(bytes, ("Content-Type", "text/plain"), ("Content-Disposition", "attachment; filename=\"first.txt\""));
        Assert.Equal(201, first.Status);
        var second = await PostAsync(bytes, ("Content-Type", "image/png"), ("Content-Disposition", "inline; filename=\"second.txt\""));
        Assert.Equal((200, first.ETag), (second.Status, second.ETag));
        Assert.Equal("first.txt", second.Json.GetProperty("fileName").GetString());
        var read = await _gateway.GetAsync(first["Location"]!);
        Assert.StartsWith("attachment; filename=\"first.txt\"", read["Content-Disposition"], StringComparison.Ordinal);
        Assert.Equal("text/plain", read["Content-Type"]);

        // In several requests too.
        var begun = await PostAsync(bytes[..500], ("Upload-Complete", "?0"), ("Content-Disposition", "attachment; filename=\"third.txt\""));
        var done = await _gateway.SendAsync(
            "PATCH", begun["Location"]!, bytes[500..], ("Content-Type", "application/partial-upload"), ("Upload-Complete", "?1"),
            ("Upload-Offset", "500"));
        Assert.Equal((200, first.ETag), (done.Status, done.ETag));

        // Who means this resource says so by its id.
        var told = await _gateway.PutAsync(first["Location"]!, bytes, ("Content-Disposition", "inline; filename=\"second.txt\""));
        Assert.Equal(200, told.Status);
        Assert.NotEqual(first.ETag, told.ETag);
        read = await _gateway.GetAsync(first["Location"]!);
        Assert.StartsWith("inline; filename=\"second.txt\"", read["Content-Disposition"], StringComparison.Ordinal);
        Assert.Equal("text/plain", read["Content-Type"]);
        Assert.Equal(bytes, read.Body);
    }

    [Fact]
    public async Task Bytes_posted_again_get_what_nobody_said_of_them()
    {
        var bytes = TestGateway.Bytes(2001);
        var first = await PostAsync(bytes);
        var second = await PostAsync(bytes, ("Content-Type", "text/plain"), ("Content-Disposition", "attachment; filename=\"a.txt\""));
        Assert.Equal(200, second.Status);
        var read = await _gateway.GetAsync(first["Location"]!);
        Assert.StartsWith("attachment; filename=\"a.txt\"", read["Content-Disposition"], StringComparison.Ordinal);
        Assert.Equal("text/plain", read["Content-Type"]);
        Assert.Equal(second.ETag, (await PostAsync(bytes)).ETag);
    }

    [Theory]
    [InlineData("attachment; filename=\"a.txt\"", "", "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt")]
    [InlineData("attachment", "", "attachment")]
    [InlineData("attachment", "?filename=b.txt", "attachment; filename=\"b.txt\"; filename*=UTF-8''b.txt")]
    [InlineData("inline; filename=\"a.txt\"", "", "inline; filename=\"a.txt\"; filename*=UTF-8''a.txt")]
    [InlineData("inline; filename=\"a.txt\"", "?download=1", "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt")]
    [InlineData("form-data; filename=\"a.txt\"", "", "inline; filename=\"a.txt\"; filename*=UTF-8''a.txt")]
    [InlineData(
        "attachment; filename=\"r.pdf\"; filename*=UTF-8''report%20(1).pdf", "",
        "attachment; filename=\"report (1).pdf\"; filename*=UTF-8''report%20%281%29.pdf")]
    [InlineData("inline", "", null)]
    public async Task The_disposition_comes_back_as_it_was_sent(string sent, string query, string? expected)
    {
        var (path, _) = await _gateway.StoreAsync([1, 2, 3], ("Content-Disposition", sent));
        Assert.Equal(expected, (await _gateway.GetAsync(path + query))["Content-Disposition"]);
        Assert.Equal(expected, (await _gateway.SendAsync("HEAD", path + query, null))["Content-Disposition"]);
    }

    [Theory]
    [InlineData("", 200, true)]
    [InlineData("Content-Type: text/plain", 200, true)]
    [InlineData("Content-Disposition: attachment; filename=\"a.txt\"", 200, true)]
    [InlineData("Content-Disposition: attachment", 200, true)]
    [InlineData("Content-Disposition: inline", 200, false)]
    [InlineData("Content-Disposition: attachment; filename=\"b.txt\"", 200, false)]
    [InlineData("Content-Type: text/html", 200, false)]
    public async Task The_same_bytes_put_again_are_a_new_version_only_if_something_else_is_said(string field, int status, bool isSame)
    {
        var (path, stored) = await _gateway.StoreAsync(
            [1, 2], ("Content-Type", "text/plain"), ("Content-Disposition", "attachment; filename=\"a.txt\""));
        var again = await _gateway.PutAsync(path, [1, 2], field.Length == 0 ? [] : [(field.Split(": ")[0], field.Split(": ")[1])]);
        Assert.Equal((status, isSame), (again.Status, again.ETag == stored.ETag));

        // What was not said is as it was.
        var read = await _gateway.GetAsync(path);
        Assert.Equal(field == "Content-Type: text/html" ? "text/html" : "text/plain", read["Content-Type"]);
        Assert.Equal(field.Contains("b.txt", StringComparison.Ordinal) ? "b.txt" : "a.txt", again.Json.GetProperty("fileName").GetString());
        Assert.StartsWith(
            field.EndsWith("inline", StringComparison.Ordinal) ? "inline" : "attachment", read["Content-Disposition"],
            StringComparison.Ordinal);
    }

    private Task<Answer> PostAsync(byte[] bytes, params (string Name, string Value)[] headers) =>
        _gateway.SendAsync("POST", "/resources", bytes, headers);
}
