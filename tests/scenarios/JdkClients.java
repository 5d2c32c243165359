// The two HTTP clients of the JDK, as programs use them: with an Authenticator that knows a name and a password.

import java.net.Authenticator;
import java.net.HttpURLConnection;
import java.net.PasswordAuthentication;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.atomic.AtomicInteger;

public class JdkClients {
    /** Prints how often the Authenticator was asked, the last status, and every challenge of a request without it. */
    public static void main(String[] arguments) throws Exception {
        String which = arguments[0];
        URI uri = URI.create(arguments[1]);
        AtomicInteger asked = new AtomicInteger();
        Authenticator authenticator = new Authenticator() {
            @Override
            protected PasswordAuthentication getPasswordAuthentication() {
                asked.incrementAndGet();
                return new PasswordAuthentication(arguments[2], arguments[3].toCharArray());
            }
        };
        if (which.equals("HttpClient")) {
            HttpRequest request = HttpRequest.newBuilder(uri).build();
            HttpClient plain = HttpClient.newHttpClient();
            HttpResponse<String> refused = plain.send(request, HttpResponse.BodyHandlers.ofString());
            refused.headers().allValues("WWW-Authenticate").forEach(line -> System.out.println("challenge " + line));
            HttpClient client = HttpClient.newBuilder().authenticator(authenticator).build();
            HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println("asked " + asked.get());
            System.out.println("status " + answer.statusCode());
        } else {
            Authenticator.setDefault(authenticator);
            HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
            int status = connection.getResponseCode();
            System.out.println("asked " + asked.get());
            System.out.println("status " + status);
        }
    }
}
