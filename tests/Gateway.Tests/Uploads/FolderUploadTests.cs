using System.Text;

namespace Gateway.Tests.Uploads;

/// <summary>Uploads in several requests, of the IETF draft, into a folder.</summary>
public sealed class FolderUploadTests : IClassFixture<SharedGateway>
{
    private static readonly (string Name, string Value) More = ("Upload-Complete", "?0");
    private readonly TestGateway _gateway;

    public FolderUploadTests(SharedGateway shared) => _gateway = shared.Gateway;

    [Theory]
    [InlineData("Content-Disposition", "attachment; filename=\"disk 1.iso\"")]
    [InlineData("Upload-Metadata", "filename ZGlzayAxLmlzbw==,filetype YQ==")]
    public async Task The_request_names_the_file(string field, string value)
    {
        var folder = $"/files/draft-{field.ToLowerInvariant()}/";
        var created = await _gateway.SendAsync("POST", folder, null, More, ("Upload-Length", "4"), (field, value));
        Assert.Equal((201, "?0"), (created.Status, created["Upload-Complete"]));
        var rest = await _gateway.SendAsync(
            "PATCH", created["Location"]!, "rain"u8.ToArray(), ("Content-Type", "application/partial-upload"), ("Upload-Offset", "0"),
            ("Upload-Complete", "?1"));
        Assert.Equal(201, rest.Status);
        Assert.Equal("rain", Encoding.UTF8.GetString((await _gateway.GetAsync(folder + "disk%201.iso")).Body));
    }

    [Fact]
    public async Task All_of_it_may_come_at_once()
    {
        var answer = await _gateway.SendAsync(
            "POST", "/files/draft-once/", "rain"u8.ToArray(), ("Upload-Complete", "?1"), ("Content-Disposition", "inline; filename=a.txt"));
        Assert.Equal(201, answer.Status);
        Assert.Equal("text/plain", (await _gateway.GetAsync("/files/draft-once/a.txt"))["Content-Type"]);
    }

    [Fact]
    public async Task Without_a_name_or_with_one_that_is_none_nothing_begins()
    {
        var nameless = await _gateway.SendAsync("POST", "/files/draft-none/", null, More, ("Upload-Length", "4"));
        Assert.Equal((400, "invalid-parameter"), (nameless.Status, nameless.Problem));
        var above = await _gateway.SendAsync(
            "POST", "/files/draft-none/", null, More, ("Upload-Length", "4"), ("Content-Disposition", "inline; filename=\"../x\""));
        Assert.Equal((400, "invalid-path"), (above.Status, above.Problem));
    }
}
