using Gateway.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Gateway.Operations;

/// <summary>The OpenAPI document and its page: what endpoints say of themselves, for <see cref="OpenApiOperations"/> to complete.</summary>
internal static class OpenApiSetup
{
    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    public static void AddApiDocument(this IServiceCollection services) =>
        services.AddOpenApi(options =>
        {
            options.CreateSchemaReferenceId = type => type.Type == typeof(Problem.Document)
                ? OpenApiOperations.ProblemSchema
                : OpenApiOptions.CreateDefaultSchemaReferenceId(type);
            options.AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new OpenApiInfo { Title = "Pouring Rain", Version = "1", Description = Introduction };

                // The address that the reader used is right; a list would only name the one of whoever asked first.
                document.Servers = [];
                document.Tags = Tags.Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Description }).ToHashSet();
                OpenApiOperations.AddComponents(document);
                return Task.CompletedTask;
            });
            // HEAD of what answers with JSON is there and says nothing more than GET.
            options.ShouldInclude = api =>
                !HttpMethods.IsHead(api.HttpMethod ?? "") || api.ActionDescriptor.EndpointMetadata.Contains(SendsBytesMark.Instance);
            options.AddOperationTransformer(OpenApiOperations.CompleteAsync);
        });

    /// <summary>Maps the document and the page that shows it.</summary>
    public static void UseApiPage(this WebApplication app) =>
        app.UseSwaggerUI(page =>
        {
            page.RoutePrefix = "swagger";
            page.SwaggerEndpoint("/openapi/v1.json", "Pouring Rain");
            page.DocumentTitle = "Pouring Rain API";
            page.DisplayRequestDuration();
        });

    /// <summary>Maps a reading: HEAD is always there where GET is (RFC 9110 §9.1).</summary>
    public static RouteHandlerBuilder MapRead(this IEndpointRouteBuilder endpoints, string pattern, Delegate handler) =>
        endpoints.MapMethods(pattern, ReadMethods, handler);

    /// <summary>What an operation does, in a line and in more words.</summary>
    public static TBuilder Describe<TBuilder>(this TBuilder endpoint, string summary, string description)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithSummary(summary).WithDescription(description);

    /// <summary>What a good answer of an operation means.</summary>
    public static RouteHandlerBuilder Says(this RouteHandlerBuilder endpoint, int status, string meaning) =>
        endpoint.WithMetadata(new AnswerMeaning(status, meaning));

    /// <summary>What an operation answers: a success with a JSON body, and problems.</summary>
    public static RouteHandlerBuilder Answers<T>(this RouteHandlerBuilder endpoint, int success, params int[] problems) =>
        endpoint.Answers<T>([success], problems);

    /// <summary>What an operation answers: successes with a JSON body, and problems.</summary>
    public static RouteHandlerBuilder Answers<T>(this RouteHandlerBuilder endpoint, int[] successes, params int[] problems)
    {
        foreach (var status in successes)
        {
            endpoint.Produces<T>(status);
        }

        return endpoint.AnswersProblems(problems);
    }

    /// <summary>What an operation answers: a success without a body, and problems.</summary>
    public static RouteHandlerBuilder Answers(this RouteHandlerBuilder endpoint, int success, params int[] problems) =>
        endpoint.Produces(success).AnswersProblems(problems);

    /// <summary>What an operation answers: text of a media type.</summary>
    public static RouteHandlerBuilder Answers(this RouteHandlerBuilder endpoint, int success, string contentType) =>
        endpoint.Produces<string>(success, contentType);

    /// <summary>The answers of a download.</summary>
    public static RouteHandlerBuilder SendsBytes(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(SendsBytesMark.Instance).AnswersProblems([400, 404, 410, 412, 416, 502, 503, 504, 507]);

    /// <summary>The body of an upload.</summary>
    public static RouteHandlerBuilder DescribesBytesTaken(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(TakesBytesMark.Instance);

    /// <summary>The body of a PATCH that appends to an upload.</summary>
    public static RouteHandlerBuilder DescribesPartTaken(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(TakesPartMark.Instance);

    private static RouteHandlerBuilder AnswersProblems(this RouteHandlerBuilder endpoint, int[] problems)
    {
        foreach (var status in problems)
        {
            endpoint.Produces<Problem.Document>(status, OpenApiOperations.ProblemType);
        }

        return endpoint;
    }

    private const string Introduction =
        """
        An HTTP gateway in front of a cloud of rain servers: a `GET` makes every server that has the resource rain coded datagrams on this
        node, and the bytes stream out as they are decoded and verified; a `PUT` gives it something new to rain.

        **To try it:** open *PUT /resources/{id}*, press *Try it out*, choose a file, *Execute*; then *GET /resources/{id}*.

        - Ids are unsigned 64-bit numbers, decimal or hexadecimal after `0x`. In JSON they are strings, because browsers round such numbers.
        - Errors are problem documents (RFC 9457); their `type` is a path that tells more, and `retryable` says whether to try again.
        - A big upload can be sent in pieces that outlast a broken connection: `PUT` with `Upload-Complete: ?0`, then `PATCH /uploads/{token}`.
        - Where the operator has set `Gateway:Keys`, writes need a key (*Authorize*), and reads too with `Gateway:ProtectReads`.
        """;

    private static readonly (string Name, string Description)[] Tags =
    [
        ("Resources", "Bytes under 64-bit ids: upload, download, list, delete."),
        ("Rain", "What rains: the servers asked, the receivers rained on, the fetches as they run."),
        ("Operations", "Health, metrics, and what errors mean."),
        ("2012", "The paths of the 2012 front, which still do what they did."),
    ];

    /// <summary>Marks a download.</summary>
    internal sealed class SendsBytesMark
    {
        public static readonly SendsBytesMark Instance = new();
    }

    /// <summary>Marks an upload.</summary>
    internal sealed class TakesBytesMark
    {
        public static readonly TakesBytesMark Instance = new();
    }

    /// <summary>Marks a PATCH that appends to an upload.</summary>
    internal sealed class TakesPartMark
    {
        public static readonly TakesPartMark Instance = new();
    }

    /// <summary>What a good answer means.</summary>
    internal sealed record AnswerMeaning(int Status, string Meaning);
}
