using System.Text;

namespace Gateway.Tests.Files;

/// <summary>Forms of browsers, into folders.</summary>
public sealed class FormTests : IClassFixture<SharedGateway>
{
    private const string Boundary = "----a boundary";
    private readonly TestGateway _gateway;

    public FormTests(SharedGateway shared) => _gateway = shared.Gateway;

    [Fact]
    public async Task The_files_of_a_form_get_their_names()
    {
        var large = Encoding.Latin1.GetString(TestGateway.Bytes(400_000));
        var answer = await PostAsync(
            "/files/form/",
            Field("comment", null, null, "hello"), Field("file", "a b.txt", "text/plain", "one"),
            Field("file", "C:\\dir\\large.bin", "application/octet-stream", large), Field("file", "sub/b.png", null, ""));
        Assert.Equal(201, answer.Status);
        Assert.Equal(
            ["form/a b.txt", "form/C:/dir/large.bin", "form/sub/b.png"],
            answer.Json.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("path").GetString()));
        Assert.Equal("one", (await _gateway.GetAsync("/files/form/a%20b.txt")).Text);
        Assert.Equal(TestGateway.Bytes(400_000), (await _gateway.GetAsync("/files/form/C:/dir/large.bin")).Body);
        var empty = await _gateway.GetAsync("/files/form/sub/b.png");
        Assert.Equal((200, 0, "image/png"), (empty.Status, empty.Body.Length, empty["Content-Type"]));
        var again = await PostAsync("/files/form/", Field("file", "a b.txt", "text/plain", "one"));
        Assert.Equal(200, again.Status);
    }

    [Fact]
    public async Task A_browser_is_sent_back_to_the_folder()
    {
        var answer = await _gateway.SendAsync(
            "POST", "/files/shown/", Encoding.Latin1.GetBytes(Field("file", "x", null, "1") + $"--{Boundary}--\r\n"),
            ("Content-Type", $"multipart/form-data; boundary=\"{Boundary}\""), ("Accept", "text/html"));
        Assert.Equal((303, "/files/shown/"), (answer.Status, answer["Location"]));
    }

    [Fact]
    public async Task What_is_no_form_with_files_is_refused_and_what_came_before_a_wrong_one_is_told()
    {
        Assert.Equal(415, (await _gateway.SendAsync("POST", "/files/form/", [1], ("Content-Type", "text/plain"))).Status);
        Assert.Equal((400, "invalid-parameter"), Kind(await PostAsync("/files/form/", Field("a", null, null, "b"))));
        Assert.Equal((413, "too-large"), Kind(await PostAsync("/files/form/", Field("a", null, null, new string('b', 70_000)))));
        Assert.Equal((400, "invalid-path"), Kind(await PostAsync("/files/form/", Field("a", "../up", null, "b"))));
        var partly = await PostAsync("/files/partly/", Field("a", "good", null, "b"), Field("a", "..", null, "b"));
        Assert.Equal((400, "invalid-path"), Kind(partly));
        Assert.Contains("1 came before and are kept, the last of them partly/good", partly.Text, StringComparison.Ordinal);
        Assert.Equal("b", (await _gateway.GetAsync("/files/partly/good")).Text);
        var cut = await _gateway.SendAsync(
            "POST", "/files/cut/", Encoding.Latin1.GetBytes(Field("a", "x", null, "half")[..^3]),
            ("Content-Type", $"multipart/form-data; boundary=\"{Boundary}\""));
        Assert.Equal((400, "incomplete-body"), Kind(cut));
        Assert.Equal(404, (await _gateway.GetAsync("/files/cut/x")).Status);
    }

    private static (int Status, string Problem) Kind(Answer answer) => (answer.Status, answer.Problem);

    private static string Field(string name, string? fileName, string? type, string value) =>
        $"--{Boundary}\r\nContent-Disposition: form-data; name=\"{name}\""
        + (fileName is null ? "" : $"; filename=\"{fileName}\"")
        + (type is null ? "" : $"\r\nContent-Type: {type}") + $"\r\n\r\n{value}\r\n";

    private Task<Answer> PostAsync(string path, params string[] fields) => _gateway.SendAsync(
        "POST", path, Encoding.Latin1.GetBytes(string.Concat(fields) + $"--{Boundary}--\r\n"),
        ("Content-Type", $"multipart/form-data; boundary=\"{Boundary}\""));
}
